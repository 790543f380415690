"""How far do features move, in distribution and out of it?

(a) The linear theory: mean squared movement of the features of OOD inputs against that of ID inputs, at the end of
training, on random problems with good features. Features outside the ID subspace cannot move, so OOD inputs, which lie
partly outside, move less: every problem lies below the diagonal, and LP-FT moves far less than FT. (b) The benchmark:
the same for images, one mark for each OOD set (open: near ID, where the two must be alike), mean over seeds. The
agreement compares FT and LP-FT on ID and on OOD inputs with each other.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from empirical.records import BenchmarkRow
from figures.benchmark.feature_movement_on_images import FeatureMovements, draw_movements, movements
from figures.benchmark.reading import load_benchmark, measured_datasets, paper_rows, premises_met
from figures.benchmark.seed_estimate import SeedEstimate
from figures.catalogue import FigureDeclaration
from figures.look import style
from figures.missing import not_measured
from figures.side_by_side.agreement import Agreement, Compared, agreement
from figures.side_by_side.frame import named, two_sides
from figures.side_by_side.risks import LARGEST_FEATURE_ERROR
from simulations.records import load

FIGURE = FigureDeclaration(
    title="How far features of inputs and of images move",
    sources=("simulations/id_ood_tradeoff", "benchmark"),
    order=30,
)


@dataclass(frozen=True)
class Moved:
    """Mean squared movement by method: (ID, OOD) of every problem, and of the benchmark's sets."""

    theory: dict[str, Float[np.ndarray, "2 p"]]
    measured: tuple[FeatureMovements, ...]
    agreed: Agreement


def collect(results: Path | str) -> Moved:
    """Movements at the limits of the flow, and those of the runs in the table."""
    problems, benchmark = load("id_ood_tradeoff", results), load_benchmark(results)
    good = problems.feature_errors <= LARGEST_FEATURE_ERROR
    methods, share = problems.comparison.methods, problems.ood_share**2
    squares = {method: methods[method].movement[good].ravel() ** 2 for method in ("fine_tuning", "lp_ft")}
    theory = {method: np.stack([square, share * square]) for method, square in squares.items()}
    shown = movements(benchmark, "mean_squared")
    if not shown:
        raise not_measured(
            benchmark, "runs that move features", entry='`[[recipes.NAME.methods]]` with `method = "FT"`'
        )
    groups = {}
    for name in measured_datasets(benchmark):
        rows = {method: row for method, row in paper_rows(benchmark, name).items() if method in theory}
        groups[named(benchmark, name, "features")] = [
            Compared(
                f"{style.LABELS[method]} on {words}",
                float(np.median(theory[method][side])),
                value,
                met=side == 0 or premises_met(benchmark, name),
            )
            for method, row in rows.items()
            for side, (words, value) in enumerate((("ID", _id_movement(row)), ("OOD", _ood_movement(row))))
        ]
    return Moved(theory, shown, agreement(groups))


def note(data: Moved) -> str:
    """How far the two sides agree, in words."""
    return data.agreed.words


def _id_movement(row: BenchmarkRow) -> SeedEstimate:
    return SeedEstimate(row.id_feature_movement, None, tuple(row.id_feature_movement_per_seed))


def _ood_movement(row: BenchmarkRow) -> SeedEstimate:
    return SeedEstimate(row.ood_feature_movement, None, tuple(row.ood_feature_movement_per_seed))


@style.styled
def draw(data: Moved) -> Figure:
    """ID movement across, OOD movement up, on equal logarithmic axes."""
    figure, theory, measured = two_sides(data.agreed, height=3.4)
    _draw_theory(theory, data.theory)
    draw_movements(measured, data.measured)
    for axis in (theory, measured):
        axis.set(xlabel="movement of ID features", ylabel="movement of OOD features")
    style.legend_below(figure, [theory, measured])
    return figure


def _draw_theory(axis: Axes, theory: dict[str, Float[np.ndarray, "2 p"]]) -> None:
    style.logarithmic(axis, x=True, y=True)
    for method, pair in theory.items():
        axis.plot(*pair, **style.mark(method, size=3.0, alpha=0.5, markeredgewidth=0, label=None))
    every = np.concatenate([pair.ravel() for pair in theory.values()])
    low, high = every[every > 0].min() / 3, every.max() * 3
    axis.plot([low, high], [low, high], color=style.GUIDE, linewidth=0.8, label="equal movement")
    axis.set(xlim=(low, high), ylim=(low, high), aspect="equal")
