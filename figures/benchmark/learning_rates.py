"""Accuracy over the grid of learning rates, in distribution and out of distribution.

Means over seeds at the epochs that ID validation selected; a ring marks the learning rate that was chosen by ID
validation. Full marks belong to the grid of the recipe; open ones were added because the best so far lay on its edge;
crosses at the lower edge are learning rates at which training diverged. Dashes: linear probing at its chosen penalty.
Norm modes as in the paper.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from empirical.records import BenchmarkRow, GridPoint
from figures.benchmark.dataset_panels import pairs_for
from figures.benchmark.reading import load_benchmark, measured_datasets, paper_rows, title
from figures.catalogue import FigureDeclaration
from figures.look import style
from figures.missing import not_measured

FIGURE = FigureDeclaration(title="Learning rates, with the grid's extensions", sources=("benchmark",), order=290)


@dataclass(frozen=True)
class LearningRateGrids:
    """The rows of one data set; their grids are what is drawn."""

    title: str
    rows: dict[str, BenchmarkRow]


def collect(results: Path | str) -> tuple[LearningRateGrids, ...]:
    """Data sets with a method that has learning rates."""
    benchmark = load_benchmark(results)
    data = tuple(
        LearningRateGrids(title(benchmark, name), paper_rows(benchmark, name)) for name in measured_datasets(benchmark)
    )
    data = tuple(rates for rates in data if any(row.learning_rate is not None for row in rates.rows.values()))
    if not data:
        raise not_measured(benchmark, "training runs", entry='`[[recipes.NAME.methods]]` with `method = "FT"`')
    return data


@style.styled
def draw(data: tuple[LearningRateGrids, ...]) -> Figure:
    """Learning rate across, accuracy up."""
    figure, pairs = pairs_for([of_dataset.title for of_dataset in data], x="learning rate", height=2.6)
    for of_dataset, pair in zip(data, pairs, strict=True):
        for axis, side in zip(pair, ("id_accuracy", "ood_accuracy"), strict=True):
            _draw_side(axis, of_dataset.rows, side)
    every = [
        point
        for of_dataset in data
        for row in of_dataset.rows.values()
        if row.learning_rate is not None
        for point in row.grid
    ]
    _explain(pairs[0][0], every)
    style.legend_below(figure, [axis for pair in pairs for axis in pair])
    return figure


def _draw_side(axis: Axes, rows: dict[str, BenchmarkRow], side: str) -> None:
    style.logarithmic(axis, x=True)
    for method, row in rows.items():
        if row.learning_rate is None:
            axis.axhline(100 * getattr(row, side), **style.line(method))
            continue
        finished = sorted(
            (point for point in row.grid if getattr(point, side) is not None), key=lambda point: point.value
        )
        rates, values = [point.value for point in finished], [100 * getattr(point, side) for point in finished]
        axis.plot(rates, values, **style.line(method, linewidth=1.1))
        for point, value in zip(finished, values, strict=True):
            axis.plot(point.value, value, **style.mark(method, open=point.extension, size=4.0, label=None))
        chosen = [value for point, value in zip(finished, values, strict=True) if point.value == row.learning_rate]
        ring = {"marker": "o", "markersize": 10, "markerfacecolor": "none", "linestyle": "none", "clip_on": False}
        axis.plot([row.learning_rate] * len(chosen), chosen, color=style.COLOURS[method], **ring)
        for point in row.grid:
            if point.diverged:
                cross = {"marker": "x", "linestyle": "none", "clip_on": False}
                axis.plot(point.value, 0.0, color=style.COLOURS[method], transform=axis.get_xaxis_transform(), **cross)


def _explain(axis: Axes, points: list[GridPoint]) -> None:
    """Entries of the legend for what is there."""
    look: dict[str, Any] = {"color": style.GUIDE, "linestyle": "none"}
    axis.add_line(Line2D([], [], marker="o", markersize=9, markerfacecolor="none", label="chosen on ID", **look))
    if any(point.extension for point in points):
        axis.add_line(Line2D([], [], marker="o", markersize=4, markerfacecolor="white", label="added to grid", **look))
    if any(point.diverged for point in points):
        axis.add_line(Line2D([], [], marker="x", label="diverged", **look))
