"""Measured accuracy on real handwritten digits, in distribution and out of it, set by set.

Mean over seeds with 90 % intervals (Student's t); small marks are single seeds, intervals are cut at 100 %. Learning
rate and epoch were selected on ID validation images alone. Left of the dotted line are the OOD sets on which the
theory's premises hold by construction (pretraining has seen the style, and the pictures leave the span of the ID
pictures); right of it the control that stays near the ID images, for which the theory promises nothing. FT uses batch
statistics, LP and LP-FT frozen ones, as in the paper.
"""

from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from empirical.records import BenchmarkRow
from figures import style
from figures.benchmark import benchmark, paper_rows, spoken

#: Distance between methods within a group, where groups are 1 apart.
STEP = 0.22


@dataclass(frozen=True)
class Accuracies:
    """Rows by method, and the OOD sets with and without the premises."""

    rows: dict[str, BenchmarkRow]
    met: tuple[str, ...]
    controls: tuple[str, ...]


def collect(results: Path) -> Accuracies:
    """The benchmark's table."""
    found = benchmark(results)
    return Accuracies(
        rows=paper_rows(found),
        met=tuple(one.name for one in found.sets if one.premises == "met"),
        controls=tuple(one.name for one in found.sets if one.premises != "met"),
    )


@style.styled
def draw(data: Accuracies) -> Figure:
    """One group of marks a set, one mark a method."""
    figure, axis = style.single_panel(x="", y="accuracy (%)", width=style.PAGE, height=2.7)
    groups = ("id_test", *data.met, *data.controls)
    for place, method in enumerate(style.METHODS):
        row = data.rows[method]
        for group, name in enumerate(groups):
            _mark(axis, group + (place - 1) * STEP, row, name, method, labelled=group == 0)
    axis.set_xticks(range(len(groups)), [spoken(name) for name in groups])
    axis.tick_params(axis="x", length=0)
    axis.set_ylim(top=min(100.0, axis.get_ylim()[1]))
    axis.grid(visible=False, axis="x")
    axis.axvline(0.5, color="#8A8A8A", linewidth=0.7)
    if data.controls:
        axis.axvline(len(groups) - len(data.controls) - 0.5, color="#8A8A8A", linewidth=0.7, linestyle=":")
    axis.set_xlim(-0.5, len(groups) - 0.5)
    style.legend_below(figure, [axis], columns=3)
    return figure


def _mark(axis: Axes, x: float, row: BenchmarkRow, name: str, method: str, *, labelled: bool) -> None:
    if name == "id_test":
        mean, half, seeds = row.id_accuracy, row.id_ci90, row.id_per_seed
    else:
        one = row.per_ood_set[name]
        mean, half, seeds = one.accuracy, one.ci90, one.per_seed
    colour = style.COLOURS[method]
    axis.plot([x + 0.07] * len(seeds), [100 * seed for seed in seeds], ".", color=colour, markersize=3, alpha=0.55)
    axis.errorbar(
        x,
        100 * mean,
        yerr=None if half is None else 100 * half,
        color=colour,
        marker=style.MARKERS[method],
        markersize=5,
        linestyle="none",
        elinewidth=1.2,
        capsize=2,
        label=style.LABELS[method] if labelled else None,
    )
