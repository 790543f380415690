"""How far from ID must OOD be? Error out of distribution, farther from ID to the right.

(a) The linear theory: error of the three methods against the angle between the features and the ID subspace, on random
problems with good features; line: median, band: 5 % to 95 %. At small angles ID inputs see everything and nothing is
lost; the larger the angle, the more FT loses against LP. LP-FT is LP here. (b) The benchmark: OOD error rate of every
OOD set against the measured angle between the feature subspaces of its images and of the ID images; marks are means
over seeds with 90 % intervals (Student's t). The two angles are relatives, not the same number: only their order is
compared. The agreement compares, for every method and for the gap between FT and LP, the sets in their order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.optimize import isotonic_regression

from empirical.records import Benchmark
from figures.benchmark import estimate_marks
from figures.benchmark.reading import load_benchmark, measured_datasets, paper_rows, set_meets_premises, spoken
from figures.benchmark.seed_estimate import SeedEstimate
from figures.catalogue import FigureDeclaration
from figures.look import style
from figures.missing import not_measured
from figures.side_by_side.agreement import Agreement, Compared, agreement, difference
from figures.side_by_side.frame import named, two_sides
from figures.side_by_side.swept import Swept, swept

FIGURE = FigureDeclaration(
    title="Out of distribution, close or far", sources=("simulations/bounds_against_parameters", "benchmark"), order=50
)


@dataclass(frozen=True)
class Shifted:
    """One data set: its OOD sets from near to far, their measured angles in degrees, and errors by method.

    `met` says whether a set is known to meet the theory's premises.
    """

    sets: tuple[str, ...]
    met: tuple[bool, ...]
    angles: tuple[float, ...]
    errors: dict[str, tuple[SeedEstimate, ...]]


@dataclass(frozen=True)
class FartherOut:
    """Theory: errors along the angle in degrees. Benchmark: the data sets."""

    theory: Swept
    datasets: tuple[Shifted, ...]
    agreed: Agreement


def collect(results: Path | str) -> FartherOut:
    """Errors along the angle, and over the OOD sets of every data set whose shift was measured."""
    theory, benchmark = swept(results, "angle"), load_benchmark(results)
    theory = replace(theory, values=np.degrees(theory.values))
    every = {name: _shifted(benchmark, name) for name in measured_datasets(benchmark)}
    every = {name: shifted for name, shifted in every.items() if shifted.sets}
    if not every:
        raise not_measured(benchmark, "measured distances of OOD sets", entry="`describe = true`")
    groups = {
        named(benchmark, name, words): compared
        for name, shifted in every.items()
        for words, compared in _groups(theory, shifted).items()
    }
    return FartherOut(theory, tuple(every.values()), agreement(groups))


def note(data: FartherOut) -> str:
    """How far the two sides agree, in words."""
    return data.agreed.words


def _shifted(benchmark: Benchmark, dataset: str) -> Shifted:
    described = sorted(
        (ood_set for ood_set in benchmark.sets if ood_set.dataset == dataset), key=lambda ood_set: ood_set.mean_angle
    )
    return Shifted(
        sets=tuple(ood_set.name for ood_set in described),
        met=tuple(map(set_meets_premises, described)),
        angles=tuple(float(np.degrees(ood_set.mean_angle)) for ood_set in described),
        errors={
            method: tuple(SeedEstimate.of(row.per_ood_set[ood_set.name]).error for ood_set in described)
            for method, row in paper_rows(benchmark, dataset).items()
        },
    )


def _groups(theory: Swept, data: Shifted) -> dict[str, list[Compared]]:
    medians = theory.medians
    names = [spoken(name) for name in data.sets]

    def compared(values: np.ndarray, errors: tuple[SeedEstimate, ...]) -> list[Compared]:
        at = np.interp(data.angles, theory.values, values)
        conditions = zip(names, at, errors, data.met, strict=True)
        return [Compared(name, float(value), error, met=met) for name, value, error, met in conditions]

    groups = {f"{style.LABELS[name]} OOD": compared(medians[name], errors) for name, errors in data.errors.items()}
    if {"linear_probing", "fine_tuning"} <= set(data.errors):
        gaps = tuple(map(difference, data.errors["fine_tuning"], data.errors["linear_probing"]))
        groups["gap of FT to LP OOD"] = compared(medians["fine_tuning"] - medians["linear_probing"], gaps)
    return groups


@style.styled
def draw(data: FartherOut) -> Figure:
    """Angle across, error up."""
    figure, theory, measured = two_sides(data.agreed)
    style.logarithmic(theory, y=True)
    data.theory.draw(theory, ("fine_tuning", "lp_ft", "linear_probing"))
    theory.set(xlabel="angle to the ID subspace (degrees)", ylabel="OOD error, √risk")
    _draw_sets(figure, measured, data.datasets)
    style.legend_below(figure, [theory, measured])
    return figure


def _draw_sets(figure: Figure, axis: Axes, datasets: tuple[Shifted, ...]) -> None:
    for index, shifted in enumerate(datasets):
        for method, errors in shifted.errors.items():
            means = [100 * error.mean for error in errors]
            axis.plot(shifted.angles, means, **style.line(method, linewidth=0.8, alpha=0.6, label=None))
            for x, error in zip(shifted.angles, errors, strict=True):
                first = index == 0 and x == shifted.angles[0]
                estimate_marks.upright(axis, x, error, method, label=first, seeds=False)
    axis.set(xlabel="mean angle to ID features (degrees)", ylabel="OOD error rate (%)")
    single = datasets[0]
    low, high = axis.get_ylim()
    low = max(0.0, low)
    if len(datasets) > 1:
        axis.set_ylim(low, min(100.0, high))
        return
    # Names hang from the top, in room made for them.
    longest = max(len(spoken(name)) for name in single.sets)
    axis.set_ylim(low, low + (1.1 + 0.035 * longest) * (high - low))
    axis.set_yticks([tick for tick in axis.get_yticks() if low <= tick <= 100])
    for name, angle in zip(single.sets, _apart(figure, axis, single.angles), strict=True):
        hanging = {"rotation": 90, "ha": "center", "va": "top", "fontsize": style.small(), "color": "#555555"}
        axis.text(angle, 0.99, spoken(name), transform=axis.get_xaxis_transform(), **hanging)


def _apart(figure: Figure, axis: Axes, angles: Sequence[float]) -> np.ndarray:
    """Where upright names stand: as near to their angles as they can without touching, the angles being sorted."""
    left, right = axis.get_xlim()
    inches = axis.get_window_extent().width / figure.dpi
    line = 1.2 * style.small() / 72 * (right - left) / inches
    places = line * np.arange(len(angles))
    return isotonic_regression(np.asarray(angles) - places).x + places
