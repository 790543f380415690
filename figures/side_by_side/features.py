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

from empirical.records import Benchmark, ConditionRecord
from figures.benchmark import estimate_marks
from figures.benchmark.reading import load_benchmark, of_method, premises_met
from figures.benchmark.seed_estimate import SeedEstimate
from figures.catalogue import FigureDeclaration
from figures.look import style
from figures.missing import NO_ENTRY, not_measured
from figures.side_by_side.agreement import Agreement, Compared, agreement, compared_along, difference
from figures.side_by_side.frame import better_to_the_right, named, two_sides
from simulations.experiments.lp_ft_with_imperfect_features import ImperfectFeaturesData
from simulations.records import load

FIGURE = FigureDeclaration(
    title="Better features", sources=("simulations/lp_ft_with_imperfect_features", "benchmark"), order=40
)


@dataclass(frozen=True)
class Improving:
    """One data set: how good pretraining was (accuracy, or steps where it was not measured), and errors by method.

    None where a method was not finished under a condition.
    """

    quality: tuple[float, ...]
    labels: tuple[str, ...]
    errors: dict[str, tuple[SeedEstimate | None, ...]]


@dataclass(frozen=True)
class BetterFeatures:
    """The ensemble along eps, and the benchmark's data sets along pretraining."""

    theory: ImperfectFeaturesData
    datasets: tuple[Improving, ...]
    in_accuracy: bool
    agreed: Agreement


def collect(results: Path | str) -> BetterFeatures:
    """Errors along eps, and along pretraining for every data set for which its length was varied."""
    theory, benchmark = load("lp_ft_with_imperfect_features", results), load_benchmark(results)
    varied = varied_datasets(benchmark, "pretraining")
    series = {name: condition_series(benchmark, name, "pretraining") for name in varied}
    if not series:
        raise not_measured(benchmark, "runs after pretraining of several lengths", entry=NO_ENTRY)
    in_accuracy = all(condition.backbone_accuracy is not None for every in series.values() for condition in every)
    datasets = {name: _improving(every, in_accuracy=in_accuracy) for name, every in series.items()}
    groups = {
        named(benchmark, name, words): compared
        for name, of_dataset in datasets.items()
        for words, compared in _groups(theory, of_dataset, met=premises_met(benchmark, name)).items()
    }
    return BetterFeatures(theory, tuple(datasets.values()), in_accuracy, agreement(groups))


def note(data: BetterFeatures) -> str:
    """How far the two sides agree, in words."""
    return data.agreed.words


def condition_series(benchmark: Benchmark, dataset: str, kind: str) -> list[ConditionRecord]:
    """One series of conditions, from the worst to the best.

    Args:
      kind: what the conditions vary, such as `pretraining`.
    """
    every = [
        condition
        for condition in benchmark.conditions
        if condition.dataset == dataset and condition.kind == kind and condition.rows
    ]
    return sorted(every, key=lambda condition: condition.value)


def varied_datasets(benchmark: Benchmark, kind: str) -> list[str]:
    """Data sets with at least two conditions of a kind: a series to draw.

    Args:
      kind: what the conditions vary, such as `pretraining`.
    """
    named = [condition.dataset for condition in benchmark.conditions if condition.kind == kind and condition.rows]
    return [name for name in dict.fromkeys(named) if named.count(name) > 1]


def _improving(series: Sequence[ConditionRecord], *, in_accuracy: bool) -> Improving:
    methods = [method for method in style.METHODS if any(of_method(condition.rows, method) for condition in series)]
    quality = (condition.backbone_accuracy if in_accuracy else condition.value for condition in series)
    return Improving(
        quality=tuple(float(value or 0.0) for value in quality),
        labels=tuple(condition.label for condition in series),
        errors={
            method: tuple(
                SeedEstimate.out_of_distribution(rows[0]).error if (rows := of_method(condition.rows, method)) else None
                for condition in series
            )
            for method in methods
        },
    )


def _groups(theory: ImperfectFeaturesData, data: Improving, *, met: bool) -> dict[str, list[Compared]]:
    # From the largest feature error to the smallest, as the conditions go from the shortest pretraining to the longest.
    medians = {
        method: np.median(np.sqrt(risks.ood), axis=1)[::-1] for method, risks in theory.comparison.methods.items()
    }

    def compared(values: np.ndarray, errors: Sequence[SeedEstimate | None]) -> list[Compared]:
        return compared_along(values, data.labels, errors, met=met)

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
    for method, risks in data.theory.comparison.methods.items():
        style.band(theory, data.theory.feature_errors, np.sqrt(risks.ood), method)
    theory.invert_xaxis()
    theory.set(ylabel="OOD error, √risk")
    better_to_the_right(theory, r"feature error $\epsilon$, better")
    _draw_series(measured, data)
    style.legend_below(figure, [theory, measured])
    return figure


def _draw_series(axis: Axes, data: BetterFeatures) -> None:
    for index, of_dataset in enumerate(data.datasets):
        across = [100 * value for value in of_dataset.quality] if data.in_accuracy else list(of_dataset.quality)
        for method, errors in of_dataset.errors.items():
            marked = [(x, error) for x, error in zip(across, errors, strict=True) if error]
            means = [100 * error.mean for _, error in marked]
            look = style.line(method, linewidth=1.1, label=None)
            axis.plot([x for x, _ in marked], means, **look)
            for x, error in marked:
                estimate_marks.upright(axis, x, error, method, label=index == 0 and x == marked[0][0], seeds=False)
    if not data.in_accuracy:
        style.logarithmic(axis, x=True)
    axis.set(ylabel="OOD error rate (%)")
    better_to_the_right(
        axis, "accuracy of pretraining (%), better" if data.in_accuracy else "steps of pretraining, better"
    )
