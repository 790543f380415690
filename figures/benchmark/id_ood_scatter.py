"""OOD against ID accuracy of everything that was trained: upwards and to the right is better at both.

Small marks are learning rates (for LP: penalties) of the grid, at the epochs that ID validation selected; dots are all
epochs of the selected runs. Large marks are what selection chose, with 90 % intervals. The line of each method is its
front: nothing that it tried is better at both. Where one front lies above another, that method offers more OOD accuracy
for the same ID accuracy, however learning rate and epoch are chosen.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from empirical.records import Benchmark, BenchmarkRow
from figures.benchmark.accuracy_along_training import ID_SETS, accuracies, along_training
from figures.benchmark.dataset_panels import panels_for
from figures.benchmark.reading import load_benchmark, measured_datasets, paper_rows, title
from figures.benchmark.seed_estimate import SeedEstimate
from figures.catalogue import FigureDeclaration
from figures.look import style

FIGURE = FigureDeclaration(title="Everything that was trained", sources=("benchmark",), order=240)


@dataclass(frozen=True)
class Tried:
    """What one method tried, as (ID accuracy, OOD accuracy) in [0, 1]."""

    grid: Float[np.ndarray, "g 2"]
    epochs: Float[np.ndarray, "e 2"]
    chosen: tuple[SeedEstimate, SeedEstimate]

    @property
    def front(self) -> Float[np.ndarray, "f 2"]:
        """What nothing that was tried beats at both, in the order of ID accuracy."""
        every = np.concatenate([self.grid, self.epochs, [[side.mean for side in self.chosen]]])
        better = (every[:, None] >= every[None]).all(2) & (every[:, None] > every[None]).any(2)
        best = np.unique(every[~better.any(0)], axis=0)
        return best[np.argsort(best[:, 0])]


@dataclass(frozen=True)
class Scatter:
    """One data set."""

    title: str
    methods: dict[str, Tried]


def collect(results: Path | str) -> tuple[Scatter, ...]:
    """Grids, epochs and selected runs of every data set."""
    benchmark = load_benchmark(results)
    return tuple(_scatter(benchmark, name) for name in measured_datasets(benchmark))


def _scatter(benchmark: Benchmark, dataset: str) -> Scatter:
    along = along_training(benchmark, dataset)
    methods = {}
    for method, row in paper_rows(benchmark, dataset).items():
        curves = along.curves.get(method, [])
        sides = [accuracies(curves, columns)[:, 1:].ravel() for columns in ((ID_SETS,), along.columns) if curves]
        methods[method] = Tried(
            grid=_grid(row),
            epochs=np.stack(sides, axis=1) if curves else np.zeros((0, 2)),
            chosen=(SeedEstimate.in_distribution(row), SeedEstimate.out_of_distribution(row)),
        )
    return Scatter(title(benchmark, dataset), methods)


def _grid(row: BenchmarkRow) -> Float[np.ndarray, "g 2"]:
    return np.array(
        [
            (point.id_accuracy, point.ood_accuracy)
            for point in row.grid
            if point.id_accuracy is not None and point.ood_accuracy is not None
        ]
    ).reshape(-1, 2)


@style.styled
def draw(data: tuple[Scatter, ...]) -> Figure:
    """One panel a data set."""
    figure, axes = panels_for([of_dataset.title for of_dataset in data], height=2.9 if len(data) == 1 else 2.4)
    for axis, of_dataset in zip(axes, data, strict=True):
        for method, tried in of_dataset.methods.items():
            _draw_method(axis, method, tried)
        axis.set(xlabel="ID accuracy (%)", ylabel="OOD accuracy (%)")
        _limit(axis, of_dataset)
    style.legend_below(figure, axes)
    return figure


def _draw_method(axis: Axes, method: str, tried: Tried) -> None:
    colour = style.COLOURS[method]
    axis.plot(*(100 * tried.epochs.T), ".", color=colour, markersize=2.5, alpha=0.35)
    axis.plot(*(100 * tried.grid.T), **style.mark(method, size=3.0, alpha=0.6, label=None))
    axis.plot(*(100 * tried.front.T), color=colour, linestyle=style.DASHES[method], linewidth=0.9, alpha=0.8)
    across, up = tried.chosen
    axis.errorbar(
        100 * across.mean,
        100 * up.mean,
        xerr=None if across.ci90 is None else 100 * across.ci90,
        yerr=None if up.ci90 is None else 100 * up.ci90,
        elinewidth=0.8,
        **style.mark(method, size=7.0, markeredgecolor="white", ecolor=colour),
    )


def _limit(axis: Axes, data: Scatter) -> None:
    """Around what was selected and the fronts: one random head or tiny rate must not flatten the rest."""
    chosen = [[[side.mean for side in tried.chosen]] for tried in data.methods.values()]
    shown = 100 * np.concatenate([*chosen, *(tried.front for tried in data.methods.values())])
    low, high = shown.min(0), shown.max(0)
    room = np.maximum(0.35 * (high - low), 2.0)
    axis.set(xlim=(low[0] - room[0], high[0] + room[0] / 2), ylim=(low[1] - room[1], high[1] + room[1] / 2))
