"""What does the head at the start decide? OOD error of full training from better and better heads, to the right.

(a) The linear theory: OOD error of FT against the head alignment error phi, on random problems whose heads lie between
a random one and the linear probe; line: median, band: 5 % to 95 %, dashes: linear probing. The violet line is the
largest of the proved lower bounds, below which no stopping time can come. The upper edge of the band are heads of the
wrong sign, which phi does not see. (b) The benchmark: OOD error rate of networks trained from a random head, a random
head with a larger learning rate, a partly trained and a fully trained linear probe, all in the same norm mode; in
brackets the accuracy of the head at the start on ID validation images; 90 % intervals over seeds (Student's t), dots
are seeds.
"""

import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from empirical.records import Benchmark
from figures.benchmark import estimate_marks
from figures.benchmark.reading import load_benchmark, paper_rows, premises_met
from figures.benchmark.seed_estimate import SeedEstimate
from figures.catalogue import FigureDeclaration
from figures.look import style
from figures.missing import NO_ENTRY, not_measured
from figures.side_by_side.agreement import Agreement, agreement, compared_along
from figures.side_by_side.features import condition_series
from figures.side_by_side.frame import better_to_the_right, named, two_sides
from simulations.records import load

FIGURE = FigureDeclaration(title="The head at the start", sources=("simulations/head_start", "benchmark"), order=60)

#: Problems and heads are gathered into so many groups of equal size along phi.
BINS = 16


@dataclass(frozen=True)
class Heads:
    """One data set: heads from worst to best, and the OOD error of what was trained from each."""

    labels: tuple[str, ...]
    quality: tuple[float, ...]
    errors: tuple[SeedEstimate, ...]
    probed: SeedEstimate | None


@dataclass(frozen=True)
class BetterHeads:
    """Theory along phi, in bins from large to small: centre, errors (bin, member), medians of bound and of LP."""

    phi: Float[np.ndarray, " b"]
    errors: Float[np.ndarray, "b p"]
    lower_bound: Float[np.ndarray, " b"]
    probed: float
    datasets: tuple[Heads, ...]
    agreed: Agreement


def collect(results: Path | str) -> BetterHeads:
    """FT from mixed heads, and the benchmark's series of head starts."""
    simulated, benchmark = load("head_start", results).comparison, load_benchmark(results)
    every = {
        name: _heads(benchmark, name) for name in dict.fromkeys(condition.dataset for condition in benchmark.conditions)
    }
    every = {name: heads for name, heads in every.items() if len(heads.labels) > 1}
    if not every:
        raise not_measured(benchmark, "runs from several heads", entry=NO_ENTRY)
    order = np.argsort(-simulated.head_error.ravel())[: simulated.head_error.size // BINS * BINS].reshape(BINS, -1)
    phi, errors, lower_bound = (
        values.ravel()[order]
        for values in (simulated.head_error, np.sqrt(simulated.methods.fine_tuning.ood), simulated.bounds.best)
    )
    medians = np.median(errors, axis=1)
    groups = {
        named(benchmark, name, "FT OOD"): compared_along(
            medians, heads.labels, heads.errors, met=premises_met(benchmark, name)
        )
        for name, heads in every.items()
    }
    return BetterHeads(
        phi=np.median(phi, axis=1),
        errors=errors,
        lower_bound=np.median(lower_bound, axis=1),
        probed=float(np.median(np.sqrt(simulated.methods.linear_probing.ood))),
        datasets=tuple(every.values()),
        agreed=agreement(groups),
    )


def note(data: BetterHeads) -> str:
    """How far the two sides agree, in words."""
    return data.agreed.words


def _heads(benchmark: Benchmark, dataset: str) -> Heads:
    series = condition_series(benchmark, dataset, "head_start")
    probed = paper_rows(benchmark, dataset).get("linear_probing")
    return Heads(
        labels=tuple(condition.label for condition in series),
        quality=tuple(np.nan if condition.head_accuracy is None else condition.head_accuracy for condition in series),
        errors=tuple(SeedEstimate.out_of_distribution(condition.rows[0]).error for condition in series),
        probed=SeedEstimate.out_of_distribution(probed).error if probed else None,
    )


@style.styled
def draw(data: BetterHeads) -> Figure:
    """Better heads to the right, error up."""
    figure, theory, measured = two_sides(data.agreed)
    style.logarithmic(theory, x=True, y=True)
    style.band(theory, data.phi, data.errors, "fine_tuning")
    theory.axhline(data.probed, **style.line("linear_probing"))
    positive = np.where(data.lower_bound > 0, data.lower_bound, np.nan)
    theory.plot(data.phi, positive, **style.best_bound_line())
    theory.invert_xaxis()
    theory.set(ylabel="OOD error, √risk")
    better_to_the_right(theory, r"head alignment error $\varphi$, better")
    _draw_heads(measured, data)
    style.legend_below(figure, [theory, measured])
    return figure


def _draw_heads(axis: Axes, data: BetterHeads) -> None:
    for index, heads in enumerate(data.datasets):
        places = [float(position) for position in range(len(heads.labels))]
        means = [100 * error.mean for error in heads.errors]
        axis.plot(places, means, **style.line("fine_tuning", linewidth=1.0, label=None))
        for x, error in zip(places, heads.errors, strict=True):
            estimate_marks.upright(axis, x, error, "fine_tuning", seeds=len(data.datasets) == 1)
        if heads.probed and index == 0:
            axis.axhline(100 * heads.probed.mean, **style.line("linear_probing", label=None))
    longest = max(data.datasets, key=lambda heads: len(heads.labels))
    axis.set_xticks(range(len(longest.labels)), _names(longest, with_quality=len(data.datasets) == 1))
    axis.grid(visible=False, axis="x")
    axis.set_xlim(-0.5, len(longest.labels) - 0.5)
    axis.set_ylim(bottom=max(0.0, axis.get_ylim()[0]))
    axis.set(ylabel="OOD error rate (%)")
    better_to_the_right(axis, "head at the start, better")


def _names(heads: Heads, *, with_quality: bool) -> list[str]:
    """A head's name on lines short enough to stand beside others, and its ID accuracy below."""
    names = ["\n".join(textwrap.wrap(label, 9)) for label in heads.labels]
    if not with_quality or np.isnan(heads.quality).any():
        return names
    lines = max(name.count("\n") for name in names)
    padded = (name + "\n" * (lines - name.count("\n")) for name in names)
    return [f"{name}\n({100 * quality:.0f} %)" for name, quality in zip(padded, heads.quality, strict=True)]
