"""How far training moves the features of real images: in distribution against out of distribution.

Each mark is one OOD set: movement of its images' features from the pretrained network to the selected epoch, against
the same for ID test images; mean over seeds. (a) Mean squared change, the paper's measure; (b) cosine distance, which
a growth of the features alone does not change. Below the diagonal ID features move more, which is how the theory
explains distortion: in the linear model features outside the ID subspace cannot move at all. Open marks are controls
near the ID images, for which the theory promises nothing. Linear probing moves no feature and is not shown.
"""

from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from empirical.records import Benchmark
from figures.benchmark.reading import controls, load_benchmark, measured_datasets, paper_rows
from figures.catalogue import FigureDeclaration
from figures.look import style
from figures.missing import not_measured

FIGURE = FigureDeclaration(title="How far features of images move", sources=("benchmark",), order=270)

MEASURES = {"mean_squared": "mean squared change", "cosine": "cosine distance"}


@dataclass(frozen=True)
class FeatureMovements:
    """Feature movement of one method on ID test images and on one OOD set."""

    dataset: str
    method: str
    control: bool
    id_movement: float
    ood_movement: float


def collect(results: Path | str) -> dict[str, tuple[FeatureMovements, ...]]:
    """The movements of the rows in the table by measure; methods whose features stay are left out."""
    benchmark = load_benchmark(results)
    data = {measure: movements(benchmark, measure) for measure in MEASURES}
    if not any(data.values()):
        raise not_measured(
            benchmark, "runs that move features", entry='`[[recipes.NAME.methods]]` with `method = "FT"`'
        )
    return data


def movements(benchmark: Benchmark, measure: str) -> tuple[FeatureMovements, ...]:
    """Every data set, method and OOD set, by one measure."""
    return tuple(
        FeatureMovements(
            dataset=dataset,
            method=method,
            control=name in controls(benchmark, dataset),
            id_movement=getattr(row.movement["id_test"], measure),
            ood_movement=getattr(moved, measure),
        )
        for dataset in measured_datasets(benchmark)
        for method, row in paper_rows(benchmark, dataset).items()
        for name, moved in row.movement.items()
        if row.id_feature_movement > 0 and name in row.per_ood_set and getattr(moved, measure) > 0
    )


@style.styled
def draw(data: dict[str, tuple[FeatureMovements, ...]]) -> Figure:
    """ID movement across, OOD movement up, on equal logarithmic axes."""
    figure, axes = style.panels(2, height=3.4)
    for axis, (measure, name) in zip(axes.flat, MEASURES.items(), strict=True):
        draw_movements(axis, data[measure])
        axis.set(xlabel=f"{name}, ID features", ylabel=f"{name}, OOD features")
    style.title_panels(axes, tuple(MEASURES.values()))
    style.legend_below(figure, list(axes.flat))
    return figure


def draw_movements(axis: Axes, data: tuple[FeatureMovements, ...]) -> None:
    """One mark a set, with the diagonal of equal movement."""
    style.logarithmic(axis, x=True, y=True)
    every = [value for movement in data for value in (movement.id_movement, movement.ood_movement)]
    low, high = min(every, default=0.1) / 1.8, max(every, default=1.0) * 1.8
    axis.plot([low, high], [low, high], color=style.GUIDE, linewidth=0.8, label="equal movement")
    for movement in data:
        label = style.LABELS[movement.method] + (", near ID" if movement.control else "")
        axis.plot(
            movement.id_movement,
            movement.ood_movement,
            **style.mark(movement.method, open=movement.control, label=label),
        )
    axis.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    for scale in (axis.xaxis, axis.yaxis):
        # Decades alone would leave a range within one of them without a label.
        narrow = high / low < 1e3
        scale.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if narrow else (1.0,)))
        scale.set_major_formatter("{x:g}")
