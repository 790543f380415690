"""What do better pretrained features change? Error out of distribution while the features improve to the right.

(a) The linear theory: error of the three methods against the feature error eps, on random problems; line: median,
band: 5 % to 95 %. LP and LP-FT improve with the features without end, FT does not: what it distorts has nothing to do
with how good the features were. (b) The benchmark: OOD error rate against the accuracy that pretraining had reached
when it was stopped, mean over seeds with 90 % intervals (Student's t); longer pretraining lies to the right. The
agreement compares, for every method and for the gap between FT and LP, the conditions in their order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from empirical.records import Benchmark, Condition
from figures.benchmark.measured import Measured, NothingToDraw, benchmark, of_method
from figures.look import marks, style
from figures.side_by_side.agreement import Agreement, Compared, agreement, difference, matched
from figures.side_by_side.frame import better_to_the_right, named, two_sides
from simulations.experiments.lp_ft_with_imperfect_features import ImperfectFeaturesData
from simulations.records import load

RISKS = {"linear_probing": "lp_ood", "fine_tuning": "ft_ood", "lp_ft": "lp_ft_ood"}


@dataclass(frozen=True)
class Improving:
    """One data set: how good pretraining was (accuracy, or steps where it was not measured), and errors by method.

    None where a method was not finished under a condition.
    """

    quality: tuple[float, ...]
    labels: tuple[str, ...]
    errors: dict[str, tuple[Measured | None, ...]]


@dataclass(frozen=True)
class BetterFeatures:
    """The ensemble along eps, and the benchmark's data sets along pretraining."""

    theory: ImperfectFeaturesData
    datasets: tuple[Improving, ...]
    in_accuracy: bool
    agreed: Agreement


def collect(results: Path) -> BetterFeatures:
    """Errors along eps, and along pretraining for every data set for which its length was varied."""
    theory, found = load("lp_ft_with_imperfect_features", results), benchmark(results)
    series = {name: condition_series(found, name, "pretraining") for name in dict.fromkeys(_varied(found))}
    if not series:
        raise NothingToDraw(
            f"{results} must hold pretraining of several lengths, but has not; "
            f"`distort reproduce --out {results}` runs it at its default scale."
        )
    in_accuracy = all(one.backbone_accuracy is not None for every in series.values() for one in every)
    datasets = {name: _improving(every, in_accuracy=in_accuracy) for name, every in series.items()}
    groups = {
        named(found, name, words): compared
        for name, one in datasets.items()
        for words, compared in _groups(theory, one).items()
    }
    return BetterFeatures(theory, tuple(datasets.values()), in_accuracy, agreement(groups))


def note(data: BetterFeatures) -> str:
    """How far the two sides agree, in words."""
    return data.agreed.words


def condition_series(found: Benchmark, dataset: str, kind: str) -> list[Condition]:
    """One series of conditions, from the worst to the best."""
    every = [one for one in found.conditions if one.dataset == dataset and one.kind == kind and one.rows]
    return sorted(every, key=lambda one: one.value)


def _varied(found: Benchmark) -> list[str]:
    """Data sets with at least two lengths."""
    kinds = [one.dataset for one in found.conditions if one.kind == "pretraining" and one.rows]
    return [name for name in kinds if kinds.count(name) > 1]


def _improving(series: Sequence[Condition], *, in_accuracy: bool) -> Improving:
    methods = [method for method in style.METHODS if any(of_method(one.rows, method) for one in series)]
    quality = (one.backbone_accuracy if in_accuracy else one.value for one in series)
    return Improving(
        quality=tuple(float(value or 0.0) for value in quality),
        labels=tuple(one.label for one in series),
        errors={
            method: tuple(
                Measured.out_of_distribution(rows[0]).error if (rows := of_method(one.rows, method)) else None
                for one in series
            )
            for method in methods
        },
    )


def _groups(theory: ImperfectFeaturesData, data: Improving) -> dict[str, list[Compared]]:
    # From the largest feature error to the smallest, as the conditions go from the shortest pretraining to the longest.
    medians = {
        method: np.median(np.sqrt(getattr(theory.measured, risk)), axis=1)[::-1] for method, risk in RISKS.items()
    }

    def compared(values: np.ndarray, errors: Sequence[Measured | None]) -> list[Compared]:
        places = zip(data.labels, matched(values, len(data.labels)), errors, strict=True)
        return [Compared(label, float(value), one) for label, value, one in places if one]

    groups = {f"{style.LABELS[name]} OOD": compared(medians[name], errors) for name, errors in data.errors.items()}
    if {"linear_probing", "fine_tuning"} <= set(data.errors):
        both = zip(data.errors["fine_tuning"], data.errors["linear_probing"], strict=True)
        gaps = [difference(tuned, probed) if tuned and probed else None for tuned, probed in both]
        groups["gap of FT to LP OOD"] = compared(medians["fine_tuning"] - medians["linear_probing"], gaps)
    return groups


@style.styled
def draw(data: BetterFeatures) -> Figure:
    """Better features to the right, error up."""
    figure, theory, measured = two_sides(data.agreed)
    style.logarithmic(theory, x=True, y=True)
    for method, risk in RISKS.items():
        style.band(theory, data.theory.feature_errors, np.sqrt(getattr(data.theory.measured, risk)), method)
    theory.invert_xaxis()
    theory.set(ylabel="OOD error, √risk")
    better_to_the_right(theory, r"feature error $\epsilon$, better")
    _draw_series(measured, data)
    style.legend_below(figure, [theory, measured])
    return figure


def _draw_series(axis: Axes, data: BetterFeatures) -> None:
    for place, one in enumerate(data.datasets):
        across = [100 * value for value in one.quality] if data.in_accuracy else list(one.quality)
        for method, errors in one.errors.items():
            found = [(x, error) for x, error in zip(across, errors, strict=True) if error]
            means = [100 * error.mean for _, error in found]
            look = style.line(method, linewidth=1.1, label=None)
            axis.plot([x for x, _ in found], means, **look)
            for x, error in found:
                marks.upright(axis, x, error, method, label=place == 0 and x == found[0][0], seeds=False)
    if not data.in_accuracy:
        style.logarithmic(axis, x=True)
    axis.set(ylabel="OOD error rate (%)")
    better_to_the_right(
        axis, "accuracy of pretraining (%), better" if data.in_accuracy else "steps of pretraining, better"
    )
