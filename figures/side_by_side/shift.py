"""How far from ID must OOD be? Error out of distribution, farther from ID to the right.

(a) The linear theory: error of the three methods against the angle between the features and the ID subspace, on random
problems with good features; line: median, band: 5 % to 95 %. At small angles ID inputs see everything and nothing is
lost; the larger the angle, the more FT loses against LP. LP-FT is LP here. (b) The benchmark: OOD error rate of every
OOD set against the measured angle between the feature subspaces of its images and of the ID images; marks are means
over seeds with 90 % intervals (Student's t). The two angles are relatives, not the same number: only their order is
compared. The agreement compares, for every method and for the gap between FT and LP, the sets in their order.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from empirical.records import Benchmark
from figures.benchmark.measured import Measured, NothingToDraw, benchmark, measured_datasets, paper_rows, spoken
from figures.look import marks, style
from figures.side_by_side.agreement import Agreement, Compared, agreement, difference
from figures.side_by_side.features import RISKS
from figures.side_by_side.frame import named, two_sides
from simulations.experiments.bounds_against_parameters import PARAMETERS
from simulations.records import load


@dataclass(frozen=True)
class Shifted:
    """One data set: its OOD sets from near to far, their measured angles in degrees, and errors by method."""

    sets: tuple[str, ...]
    angles: tuple[float, ...]
    errors: dict[str, tuple[Measured, ...]]


@dataclass(frozen=True)
class FartherOut:
    """Theory: angles in degrees and errors (angle, problem) by method. Benchmark: the data sets."""

    angles: np.ndarray
    theory: dict[str, np.ndarray]
    datasets: tuple[Shifted, ...]
    agreed: Agreement


def collect(results: Path) -> FartherOut:
    """Errors along the angle, and over the OOD sets of every data set whose shift was measured."""
    swept, found = load("bounds_against_parameters", results), benchmark(results)
    row = PARAMETERS.index("angle")
    angles = np.degrees(swept.values[row])
    theory = {method: np.sqrt(getattr(swept.measured, risk)[row]) for method, risk in RISKS.items()}
    every = {name: _shifted(found, name) for name in measured_datasets(found)}
    every = {name: one for name, one in every.items() if one.sets}
    if not every:
        raise NothingToDraw(f"{results} must hold measured shifts of OOD sets, but has none; run `distort bench run`.")
    groups = {
        named(found, name, words): compared
        for name, one in every.items()
        for words, compared in _groups(angles, theory, one).items()
    }
    return FartherOut(angles, theory, tuple(every.values()), agreement(groups))


def note(data: FartherOut) -> str:
    """How far the two sides agree, in words."""
    return data.agreed.words


def _shifted(found: Benchmark, dataset: str) -> Shifted:
    described = sorted((one for one in found.sets if one.dataset == dataset), key=lambda one: one.mean_angle)
    return Shifted(
        sets=tuple(one.name for one in described),
        angles=tuple(float(np.degrees(one.mean_angle)) for one in described),
        errors={
            method: tuple(Measured.of(row.per_ood_set[one.name]).error for one in described)
            for method, row in paper_rows(found, dataset).items()
        },
    )


def _groups(angles: np.ndarray, theory: dict[str, np.ndarray], data: Shifted) -> dict[str, list[Compared]]:
    medians = {method: np.median(errors, axis=1) for method, errors in theory.items()}
    names = [spoken(name) for name in data.sets]

    def compared(values: np.ndarray, errors: tuple[Measured, ...]) -> list[Compared]:
        at = np.interp(data.angles, angles, values)
        return [Compared(name, float(value), one) for name, value, one in zip(names, at, errors, strict=True)]

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
    for method in ("fine_tuning", "lp_ft", "linear_probing"):
        style.band(theory, data.angles, data.theory[method], method)
    theory.set(xlabel="angle to the ID subspace (degrees)", ylabel="OOD error, √risk")
    _draw_sets(measured, data.datasets)
    style.legend_below(figure, [theory, measured])
    return figure


def _draw_sets(axis: Axes, datasets: tuple[Shifted, ...]) -> None:
    for place, one in enumerate(datasets):
        for method, errors in one.errors.items():
            means = [100 * error.mean for error in errors]
            axis.plot(one.angles, means, **style.line(method, linewidth=0.8, alpha=0.6, label=None))
            for x, error in zip(one.angles, errors, strict=True):
                first = place == 0 and x == one.angles[0]
                marks.upright(axis, x, error, method, label=first, seeds=False)
    axis.set(xlabel="mean angle to ID features (degrees)", ylabel="OOD error rate (%)")
    low, high = axis.get_ylim()
    low = max(0.0, low)
    if len(datasets) > 1:
        axis.set_ylim(low, min(100.0, high))
        return
    # Names hang from the top, in room made for them.
    longest = max(len(spoken(name)) for name in datasets[0].sets)
    axis.set_ylim(low, low + (1.1 + 0.035 * longest) * (high - low))
    for name, angle in zip(datasets[0].sets, datasets[0].angles, strict=True):
        hanging = {"rotation": 90, "ha": "center", "va": "top", "fontsize": style.small(), "color": "#555555"}
        axis.text(angle, 0.99, spoken(name), transform=axis.get_xaxis_transform(), **hanging)
