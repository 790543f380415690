"""Theory and measurement side by side: error of LP, FT and LP-FT in distribution (ID) and out of it (OOD), lower is
better.

(a) The linear theory: risks at the end of gradient flow on random problems whose pretrained features are good (feature
error at most 0.1) and whose shift is large; marks are medians, bars hold 90 % of the problems. FT and LP-FT fit ID
inputs exactly; LP cannot, by the error of its features. Out of distribution FT loses what it distorted, LP and LP-FT do
not. (b) The measured counterpart: a small residual network, pretrained on printed characters, adapted to real
handwritten digits in one style and tested on the same held-out digits in others. OOD averages the sets on which the
premises of (a) hold by construction: pretraining has seen the style, and the pictures leave the span of the ID ones.

Bars in (b) are 90 % intervals over seeds (Student's t), small marks single seeds; where intervals overlap this run does
not tell the methods apart, whatever (a) says. "near ID" is the case in which the premises fail: the shift is too small
for (a) to promise an order of the methods. Learning rate and epoch were selected on ID validation images alone. The
theory is about the order of the methods, not about the size of the gaps: a squared error and an error rate have no
common scale.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures import style
from figures.benchmark import benchmark, paper_rows
from simulations.records import load

#: Distance between methods within a group, where groups are 1 apart.
STEP = 0.24
#: Problems with a larger feature error do not have the good features that (a) is about.
LARGEST_FEATURE_ERROR = 0.1
#: Median, and the ends of the bar that holds 90 % of the problems.
QUANTILES = (0.5, 0.05, 0.95)
#: Risks below this are rounding errors of a squared residual in double precision, and are drawn as what they are: 0.
ROUNDING = 1e-20
#: How far below the smallest positive risk the zeros are drawn, in decades.
SHELF = 1.5


@dataclass(frozen=True)
class Measured:
    """A method's error rate on one group of sets, in [0, 1]: mean, half width of the interval, single seeds."""

    error: float
    ci90: float | None
    per_seed: tuple[float, ...]


@dataclass(frozen=True)
class SideBySide:
    """By method: quantiles of the risks (ID, OOD) in theory, and errors (ID, OOD, each control) in the benchmark."""

    risks: dict[str, Float[np.ndarray, "2 quantiles"]]
    errors: dict[str, tuple[Measured, ...]]
    controls: tuple[str, ...]


def collect(results: Path) -> SideBySide:
    """The limits of the flow on problems with good features, and the rows of the benchmark's table."""
    problems, found = load("id_ood_tradeoff", results), benchmark(results)
    controls = tuple(one.name for one in found.sets if one.premises != "met")
    errors = {}
    for method, row in paper_rows(found).items():
        errors[method] = (
            _measured(row.id_accuracy, row.id_ci90, row.id_per_seed),
            _measured(row.ood_accuracy, row.ood_ci90, row.ood_per_seed),
            *(_measured(one.accuracy, one.ci90, one.per_seed) for one in map(row.per_ood_set.get, controls) if one),
        )
    good, limits = problems.feature_errors <= LARGEST_FEATURE_ERROR, problems.measured
    risks = {
        "linear_probing": (limits.lp_id, limits.lp_ood),
        "fine_tuning": (limits.ft_id, limits.ft_ood),
        "lp_ft": (limits.lp_ft_id, limits.lp_ft_ood),
    }
    return SideBySide(
        risks={method: np.array([np.quantile(one[good], QUANTILES) for one in pair]) for method, pair in risks.items()},
        errors=errors,
        controls=controls,
    )


@style.styled
def draw(data: SideBySide) -> Figure:
    """Theory left, measurement right; same methods, same order, same colours."""
    figure, axes = style.panels(2, height=2.9)
    _draw_theory(axes[0, 0], data)
    _draw_benchmark(axes[0, 1], data)
    style.title_panels(axes, ("linear theory", "measured on handwritten digits"))
    style.legend_below(figure, list(axes.flat))
    return figure


def _draw_theory(axis: Axes, data: SideBySide) -> None:
    style.logarithmic(axis, y=True)
    every = np.concatenate([risks.ravel() for risks in data.risks.values()])
    positive = every[every > ROUNDING]
    shelf = 10 ** (np.floor(np.log10(positive.min())) - SHELF)
    for place, method in enumerate(style.METHODS):
        shown = np.where(data.risks[method] > ROUNDING, data.risks[method], shelf)
        for group, (median, low, high) in enumerate(shown):
            bar = None if high == shelf else np.array([[median - low], [high - median]])
            _mark(axis, group, place, median, method, bar=bar)
    axis.axhline(shelf * 10 ** (SHELF / 2), color="#8A8A8A", linewidth=0.7, linestyle=":")
    axis.set_ylim(shelf * 10 ** (-SHELF / 2), 10 ** np.ceil(np.log10(positive.max())))
    decades = np.arange(np.ceil(np.log10(shelf) + SHELF / 2), np.ceil(np.log10(positive.max())) + 1, 2)
    axis.set_yticks([shelf, *10.0**decades], ["0", *(f"$10^{{{decade:.0f}}}$" for decade in decades)])
    axis.yaxis.minorticks_off()
    axis.set_ylabel("risk (expected squared error)")
    _name_groups(axis, ("ID", "OOD"))


def _draw_benchmark(axis: Axes, data: SideBySide) -> None:
    for place, method in enumerate(style.METHODS):
        for group, one in enumerate(data.errors[method]):
            half = None if one.ci90 is None else 100 * one.ci90
            seeds = [group + (place - 1) * STEP + 0.07] * len(one.per_seed)
            colour = style.COLOURS[method]
            axis.plot(seeds, [100 * seed for seed in one.per_seed], ".", color=colour, markersize=3, alpha=0.55)
            _mark(axis, group, place, 100 * one.error, method, bar=half)
    axis.set_ylim(bottom=0)
    axis.set_ylabel("error rate (%)")
    names = (f"{name.replace('_id', ' ID')}\n(premises fail)" for name in data.controls)
    _name_groups(axis, ("ID", "OOD\n(premises hold)", *names))
    if data.controls:
        axis.axvline(1.5, color="#8A8A8A", linewidth=0.7, linestyle=":")


def _mark(
    axis: Axes,
    group: int,
    place: int,
    value: float,
    method: str,
    *,
    bar: Float[np.ndarray, "2 1"] | float | None = None,
) -> None:
    x, colour = group + (place - 1) * STEP, style.COLOURS[method]
    if bar is not None:
        axis.errorbar(x, value, yerr=bar, color=colour, elinewidth=1.2, capsize=2.5)
    label = style.LABELS[method] if group == 0 else None
    axis.plot(x, value, marker=style.MARKERS[method], markersize=6, color=colour, linestyle="none", label=label)


def _name_groups(axis: Axes, names: tuple[str, ...]) -> None:
    axis.set_xticks(range(len(names)), names)
    axis.tick_params(axis="x", length=0)
    axis.grid(visible=False, axis="x")
    axis.set_xlim(-0.5, len(names) - 0.5)


def _measured(accuracy: float, ci90: float | None, per_seed: list[float]) -> Measured:
    return Measured(error=1 - accuracy, ci90=ci90, per_seed=tuple(1 - seed for seed in per_seed))
