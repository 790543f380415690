"""What does the head at the start decide? OOD error of full training from better and better heads, to the right.

(a) The linear theory: OOD error of FT against the head alignment error phi, on random problems whose heads lie between
a random one and the linear probe; line: median, band: 5 % to 95 %, dashes: linear probing. The black line is the
implicit lower bound, below which no stopping time can come. (b) The benchmark: OOD error rate of networks trained from
a random head, a head with a larger learning rate, a partly trained and a fully trained linear probe, all in the same
norm mode, against the ID accuracy of the head at the start; 90 % intervals over seeds (Student's t).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from empirical.records import Benchmark
from figures import marks, style
from figures.agreement import Agreement, Compared, agreement, matched
from figures.benchmark import Measured, NothingToDraw, benchmark, paper_rows
from figures.side_by_side_features import condition_series
from figures.theory_beside_benchmark import better_to_the_right, named, two_sides
from simulations.records import load

#: Problems and heads are gathered into so many groups of equal size along phi.
BINS = 16


@dataclass(frozen=True)
class Heads:
    """One data set: heads from worst to best, and the OOD error of what was trained from each."""

    labels: tuple[str, ...]
    quality: tuple[float, ...]
    errors: tuple[Measured, ...]
    probed: Measured | None


@dataclass(frozen=True)
class BetterHeads:
    """Theory along phi, in bins from large to small: centre, errors (bin, member), medians of bound and of LP."""

    phi: Float[np.ndarray, " b"]
    errors: Float[np.ndarray, "b p"]
    implicit: Float[np.ndarray, " b"]
    probed: float
    datasets: tuple[Heads, ...]
    in_accuracy: bool
    agreed: Agreement


def collect(results: Path) -> BetterHeads:
    """FT from mixed heads, and the benchmark's series of head starts."""
    simulated, found = load("head_start", results).found, benchmark(results)
    every = {name: _heads(found, name) for name in dict.fromkeys(one.dataset for one in found.conditions)}
    every = {name: one for name, one in every.items() if len(one.labels) > 1}
    if not every:
        raise NothingToDraw(
            f"{results} must hold training from several heads, but has not; "
            f"`distort reproduce --out {results}` runs it at its default scale."
        )
    order = np.argsort(-simulated.phi.ravel())[: simulated.phi.size // BINS * BINS].reshape(BINS, -1)
    phi, errors, implicit = (
        values.ravel()[order]
        for values in (simulated.phi, np.sqrt(simulated.measured.ft_ood), simulated.measured.bounds.implicit)
    )
    medians = np.median(errors, axis=1)
    groups = {
        named(found, name, "FT OOD"): [
            Compared(label, float(value), error)
            for label, value, error in zip(one.labels, matched(medians, len(one.labels)), one.errors, strict=True)
        ]
        for name, one in every.items()
    }
    return BetterHeads(
        phi=np.median(phi, axis=1),
        errors=errors,
        implicit=np.median(implicit, axis=1),
        probed=float(np.median(np.sqrt(simulated.measured.lp_ood))),
        datasets=tuple(every.values()),
        in_accuracy=not any(np.isnan(one.quality).any() for one in every.values()),
        agreed=agreement(groups),
    )


def note(data: BetterHeads) -> str:
    """How far the two sides agree, in words."""
    return data.agreed.words


def _heads(found: Benchmark, dataset: str) -> Heads:
    series = condition_series(found, dataset, "head_start")
    probed = paper_rows(found, dataset).get("linear_probing")
    return Heads(
        labels=tuple(one.label for one in series),
        quality=tuple(np.nan if one.head_accuracy is None else one.head_accuracy for one in series),
        errors=tuple(Measured.out_of_distribution(one.rows[0]).error for one in series),
        probed=Measured.out_of_distribution(probed).error if probed else None,
    )


@style.styled
def draw(data: BetterHeads) -> Figure:
    """Better heads to the right, error up."""
    figure, theory, measured = two_sides(data.agreed)
    style.logarithmic(theory, x=True, y=True)
    style.band(theory, data.phi, data.errors, "fine_tuning")
    theory.axhline(data.probed, **style.line("linear_probing"))
    positive = np.where(data.implicit > 0, data.implicit, np.nan)
    theory.plot(data.phi, positive, **style.bound_line("implicit"))
    theory.invert_xaxis()
    theory.set(ylabel="OOD error, $\\sqrt{\\mathrm{risk}}$")
    better_to_the_right(theory, r"head alignment error $\varphi$, better")
    _draw_heads(measured, data)
    style.legend_below(figure, [theory, measured])
    return figure


def _draw_heads(axis: Axes, data: BetterHeads) -> None:
    for place, one in enumerate(data.datasets):
        across = [100 * value for value in one.quality] if data.in_accuracy else list(range(len(one.labels)))
        means = [100 * error.mean for error in one.errors]
        axis.plot(across, means, **(style.line("fine_tuning") | {"linewidth": 1.0, "label": None}))
        for x, error, label in zip(across, one.errors, one.labels, strict=True):
            marks.upright(axis, x, error, "fine_tuning", label=False, seeds=False)
            if len(data.datasets) == 1:
                above = (0, 5 + 0.5 * style.small())
                axis.annotate(
                    label, (x, 100 * error.mean), above, textcoords="offset points", ha="center", fontsize=style.small()
                )
        if one.probed and place == 0:
            axis.axhline(100 * one.probed.mean, **(style.line("linear_probing") | {"label": None}))
    axis.set(ylabel="OOD error rate (%)")
    axis.margins(x=0.15, y=0.15)
    better_to_the_right(
        axis, "ID accuracy of the head at the start (%), better" if data.in_accuracy else "head, better"
    )
