"""Accuracy along training at the selected learning rate, in distribution and out of distribution: would stopping
earlier have saved fine-tuning?

Lines are means over seeds, bands span the seeds, diamonds mark the epoch that ID validation selected, seed by seed.
Epoch 0 is before fine-tuning: the linear probe for LP-FT, a random head for FT, whose accuracy is far below the
panel. The dashed line is linear probing, which has no epochs. OOD averages the data set's columns.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from empirical.records import Benchmark, BenchmarkRow, Curve
from figures.benchmark.dataset_panels import pairs_for
from figures.benchmark.reading import load_benchmark, measured_datasets, of_method, paper_rows, title
from figures.catalogue import FigureDeclaration
from figures.look import style
from figures.missing import not_measured

FIGURE = FigureDeclaration(title="Accuracy along training", sources=("benchmark",), order=250)

ID_SETS = ("id_test",)


@dataclass(frozen=True)
class AccuracyAlongTraining:
    """One data set: curves of the methods that train, rows of all, and the OOD sets of each column."""

    title: str
    curves: dict[str, list[Curve]]
    rows: dict[str, BenchmarkRow]
    columns: tuple[tuple[str, ...], ...]


def collect(results: Path | str) -> tuple[AccuracyAlongTraining, ...]:
    """The curves of the runs behind the table."""
    benchmark = load_benchmark(results)
    data = tuple(
        of_dataset for name in measured_datasets(benchmark) if (of_dataset := along_training(benchmark, name)).curves
    )
    if not data:
        raise not_measured(benchmark, "training runs", entry='`[[recipes.NAME.methods]]` with `method = "FT"`')
    return data


def along_training(benchmark: Benchmark, dataset: str) -> AccuracyAlongTraining:
    """The curves of one data set."""
    curves = [curve for curve in benchmark.curves if curve.dataset == dataset and not curve.condition]
    return AccuracyAlongTraining(
        title=title(benchmark, dataset),
        curves={method: chosen for method in style.METHODS if (chosen := of_method(curves, method))},
        rows=paper_rows(benchmark, dataset),
        columns=tuple(tuple(sets) for sets in benchmark.dataset(dataset).columns.values()),
    )


@style.styled
def draw(data: tuple[AccuracyAlongTraining, ...]) -> Figure:
    """ID left, OOD right, each data set on its own scale."""
    figure, pairs = pairs_for([of_dataset.title for of_dataset in data], x="epoch of fine-tuning", height=2.6)
    for of_dataset, pair in zip(data, pairs, strict=True):
        for axis, columns in zip(pair, ((ID_SETS,), of_dataset.columns), strict=True):
            _draw_side(axis, of_dataset, columns)
    style.legend_below(figure, [axis for pair in pairs for axis in pair])
    return figure


def _draw_side(axis: Axes, data: AccuracyAlongTraining, columns: tuple[tuple[str, ...], ...]) -> None:
    shown: list[float] = []
    if probed := data.rows.get("linear_probing"):
        level = 100 * (probed.id_accuracy if columns == (ID_SETS,) else probed.ood_accuracy)
        axis.axhline(level, **style.line("linear_probing"))
        shown.append(level)
    for method, curves in data.curves.items():
        values, epochs = 100 * accuracies(curves, columns), [record.epoch for record in curves[0].epochs]
        axis.fill_between(epochs, values.min(0), values.max(0), color=style.COLOURS[method], alpha=0.15, linewidth=0)
        axis.plot(epochs, values.mean(0), **style.line(method))
        chosen = dict(zip(data.rows[method].seeds, data.rows[method].selected_epochs, strict=True))
        for index, curve in enumerate(curves):
            epoch = chosen[curve.seed]
            axis.plot(epoch, values[index, epochs.index(epoch)], "D", color=style.COLOURS[method], markersize=3.0)
        # From the lowest accuracy after the first epoch upwards: a random head would flatten all that follows.
        shown += [values[:, 1:].min(), values.max()]
    axis.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axis.set_ylim(max(0.0, min(shown) - 3), min(100.5, max(shown) + 3))


def accuracies(curves: list[Curve], columns: tuple[tuple[str, ...], ...]) -> Float[np.ndarray, "seeds epochs"]:
    """Accuracy in [0, 1]: the mean over the columns, each the mean over its sets."""
    return np.array(
        [
            [
                np.mean([np.mean([record.accuracy[name] for name in sets]) for sets in columns])
                for record in curve.epochs
            ]
            for curve in curves
        ]
    )
