"""Weight interpolation (WiSE-FT) on real images: networks whose weights are (1 - alpha) start + alpha end of training.

Each curve runs from the network before fine-tuning (open mark) to the one after (full mark), with a dot at every alpha;
mean over seeds. A curve that bulges upwards or to the right holds networks better than both its ends. The square is
linear probing. Not in the paper.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from empirical.records import Benchmark, InterpolationPoint
from figures.benchmark.dataset_panels import panels_for
from figures.benchmark.reading import load_benchmark, measured_datasets, of_method, paper_rows, title
from figures.benchmark.seed_estimate import SeedEstimate
from figures.catalogue import FigureDeclaration
from figures.look import style
from figures.missing import not_measured

FIGURE = FigureDeclaration(title="Weight interpolation (WiSE-FT) on images", sources=("benchmark",), order=300)


@dataclass(frozen=True)
class InterpolatedOnImages:
    """One data set: (alpha, ID accuracy, OOD accuracy) along the line of each method, and linear probing."""

    title: str
    curves: dict[str, Float[np.ndarray, "a 3"]]
    probed: tuple[SeedEstimate, SeedEstimate] | None


def collect(results: Path | str) -> tuple[InterpolatedOnImages, ...]:
    """Data sets whose runs were interpolated."""
    benchmark = load_benchmark(results)
    data = tuple(
        of_dataset for name in measured_datasets(benchmark) if (of_dataset := _interpolated(benchmark, name)).curves
    )
    if not data:
        raise not_measured(benchmark, "interpolated runs", entry='`interpolate = ["LP-FT (eval)"]`')
    return data


def _interpolated(benchmark: Benchmark, dataset: str) -> InterpolatedOnImages:
    columns = benchmark.dataset(dataset).columns
    curves = {}
    for method in style.METHODS:
        runs = of_method([run for run in benchmark.interpolations if run.dataset == dataset], method)
        if runs:
            every = [[_place(point, columns) for point in run.points] for run in runs]
            curves[method] = np.mean(np.array(every), axis=0)
    probed = paper_rows(benchmark, dataset).get("linear_probing")
    sides = (SeedEstimate.in_distribution(probed), SeedEstimate.out_of_distribution(probed)) if probed else None
    return InterpolatedOnImages(title(benchmark, dataset), curves, sides)


def _place(point: InterpolationPoint, columns: dict[str, list[str]]) -> tuple[float, float, float]:
    ood = np.mean([np.mean([point.sets[name].accuracy for name in names]) for names in columns.values()])
    return point.alpha, point.sets["id_test"].accuracy, float(ood)


@style.styled
def draw(data: tuple[InterpolatedOnImages, ...]) -> Figure:
    """One panel a data set, ID accuracy across, OOD accuracy up."""
    figure, axes = panels_for([of_dataset.title for of_dataset in data], height=2.9 if len(data) == 1 else 2.4)
    for axis, of_dataset in zip(axes, data, strict=True):
        if of_dataset.probed:
            axis.plot(*(100 * side.mean for side in of_dataset.probed), **style.mark("linear_probing", size=6.0))
        for method, curve in of_dataset.curves.items():
            across, up = 100 * curve[:, 1], 100 * curve[:, 2]
            axis.plot(across, up, marker=".", markersize=4, **style.line(method))
            axis.plot(across[0], up[0], **style.mark(method, open=True, size=6.0, label=None))
            axis.plot(across[-1], up[-1], **style.mark(method, size=6.0, label=None))
        axis.set(xlabel="ID accuracy (%)", ylabel="OOD accuracy (%)")
    style.legend_below(figure, axes)
    return figure
