"""What knowing the OOD data would change: learning rate and epoch selected on ID validation against selected on OOD
accuracy.

(a) OOD accuracy of each column, (b) ID accuracy with it. Full marks: selected on ID validation, as everywhere else.
Open marks: selected on the OOD column itself, which nobody could do in earnest and which serves to tell a bad method
from a bad choice of its settings. A method whose open mark still lies left of another's full mark
does not lose by selection.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from empirical.records import Benchmark
from figures.benchmark import estimate_marks
from figures.benchmark.benchmark_accuracy import AROUND, LINE, STEP
from figures.benchmark.reading import column_title, load_benchmark, measured_datasets, of_method, paper_rows
from figures.benchmark.seed_estimate import SeedEstimate
from figures.catalogue import FigureDeclaration
from figures.look import style
from figures.missing import not_measured

FIGURE = FigureDeclaration(title="Selection on ID against selection on OOD data", sources=("benchmark",), order=260)


@dataclass(frozen=True)
class SelectedOn:
    """One OOD column: by method, OOD and ID accuracy when selected on ID validation and when selected on the column."""

    label: str
    on_id: dict[str, tuple[SeedEstimate, SeedEstimate]]
    on_ood: dict[str, tuple[SeedEstimate, SeedEstimate]]


def collect(results: Path | str) -> tuple[SelectedOn, ...]:
    """Every column of every data set for which both selections were made."""
    benchmark = load_benchmark(results)
    data = [
        selected
        for name in measured_datasets(benchmark)
        for column in benchmark.dataset(name).columns
        if (selected := _selected(benchmark, name, column)).on_ood
    ]
    if not data:
        raise not_measured(benchmark, "rows selected on OOD data", entry='`ood = ["SET"]` and a method beside LP')
    return tuple(data)


def _selected(benchmark: Benchmark, dataset: str, column: str) -> SelectedOn:
    on_id = paper_rows(benchmark, dataset)
    oracle = [row for row in benchmark.oracle_rows if row.dataset == dataset and row.selected_on == column]
    on_ood = {method: rows[0] for method in on_id if (rows := of_method(oracle, method))}
    return SelectedOn(
        label=column_title(benchmark, dataset, column),
        on_id={
            name: (SeedEstimate.of(row.per_column[column]), SeedEstimate.in_distribution(row))
            for name, row in on_id.items()
        },
        on_ood={
            name: (SeedEstimate.of(row.per_column[column]), SeedEstimate.in_distribution(row))
            for name, row in on_ood.items()
        },
    )


@style.styled
def draw(data: tuple[SelectedOn, ...]) -> Figure:
    """One line a column; a stroke joins the two selections of a method."""
    figure, axes = style.panels(2, height=AROUND + LINE * max(len(data), 3))
    for side, axis in enumerate(axes.flat):
        _draw_side(axis, data, side)
    axes[0, 0].set(xlabel="OOD accuracy (%)")
    axes[0, 1].set(xlabel="ID accuracy (%)")
    style.title_panels(axes, ("out of distribution", "in distribution"))
    look: dict[str, Any] = {"marker": "o", "color": style.GUIDE, "linestyle": "none", "markersize": 4.5}
    for face, label in ((style.GUIDE, "selected on ID validation"), ("white", "selected on OOD data")):
        axes[0, 0].add_line(Line2D([], [], label=label, markerfacecolor=face, **look))
    style.legend_below(figure, list(axes.flat), columns=5)
    return figure


def _draw_side(axis: Axes, data: tuple[SelectedOn, ...], side: int) -> None:
    for index, selected in enumerate(data):
        for offset, method in enumerate(style.METHODS):
            if method not in selected.on_id:
                continue
            y, first = index + (offset - 1) * STEP, selected.on_id[method][side]
            if method in selected.on_ood:
                second = selected.on_ood[method][side]
                axis.plot([100 * first.mean, 100 * second.mean], [y, y], color=style.COLOURS[method], linewidth=1.0)
                axis.plot(100 * second.mean, y, **style.mark(method, open=True, size=5.5, label=None))
            estimate_marks.lying(axis, y, first, method, label=index == 0)
    axis.set_yticks(range(len(data)), [selected.label for selected in data])
    axis.tick_params(axis="y", length=0)
    axis.set_ylim(len(data) - 0.5, -0.5)
    axis.grid(visible=False, axis="y")
    for border in range(1, len(data)):
        axis.axhline(border - 0.5, color="#E6E6E6", linewidth=0.5)
