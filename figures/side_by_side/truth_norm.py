"""How large is the truth beside the features? OOD error of full training, a larger truth to the right.

(a) The linear theory: error as a share of W, against the norm W of the true head, on random problems with good features
and a random head of fixed size; line: median, band: 5 % to 95 %. (b) The benchmark: features of a fixed length, so that
a head which tells classes apart must be the larger the shorter they are; OOD error rate, mean over seeds with 90 %
intervals (Student's t). LP and its predictions do not change with the length, LP-FT starts from the same function at
any, and only the random head of FT is smaller beside the truth where features are short. Thin lines: the other norm
mode, which tells start and mode apart. The agreement compares FT's conditions.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from empirical.records import Benchmark, BenchmarkRow
from figures.benchmark import estimate_marks
from figures.benchmark.reading import load_benchmark, of_method, premises_met
from figures.benchmark.seed_estimate import SeedEstimate
from figures.catalogue import FigureDeclaration
from figures.look import style
from figures.missing import NO_ENTRY, not_measured
from figures.side_by_side.agreement import Agreement, agreement, compared_along
from figures.side_by_side.features import condition_series, varied_datasets
from figures.side_by_side.frame import named, two_sides
from figures.side_by_side.swept import Swept, swept

FIGURE = FigureDeclaration(
    title="A truth that is large beside the features",
    sources=("simulations/bounds_against_parameters", "benchmark"),
    order=70,
)

#: The norm modes that the paper does not use for a method.
OTHER_MODE = {"fine_tuning": ("FT", "eval"), "lp_ft": ("LP-FT", "train")}


@dataclass(frozen=True)
class Lengths:
    """One data set: lengths of its features from long to short, and OOD errors by method, in both norm modes."""

    lengths: tuple[float, ...]
    errors: dict[str, tuple[SeedEstimate | None, ...]]
    other: dict[str, tuple[SeedEstimate | None, ...]]


@dataclass(frozen=True)
class LargerTruths:
    """Theory: errors over W along the norm W. Benchmark: the data sets."""

    theory: Swept
    datasets: tuple[Lengths, ...]
    agreed: Agreement


def collect(results: Path | str) -> LargerTruths:
    """Errors along W, and along the length of features for every data set for which it was varied."""
    theory, benchmark = swept(results, "truth_norm"), load_benchmark(results)
    theory = replace(theory, errors={name: errors / theory.values[:, None] for name, errors in theory.errors.items()})
    every = {name: _lengths(benchmark, name) for name in varied_datasets(benchmark, "feature_norm")}
    if not every:
        raise not_measured(benchmark, "runs on features of several lengths", entry=NO_ENTRY)
    medians = theory.medians["fine_tuning"]
    groups = {
        named(benchmark, name, "FT OOD"): compared_along(
            medians,
            [f"length {length:g}" for length in of_dataset.lengths],
            of_dataset.errors["fine_tuning"],
            met=premises_met(benchmark, name),
        )
        for name, of_dataset in every.items()
        if "fine_tuning" in of_dataset.errors
    }
    return LargerTruths(theory, tuple(every.values()), agreement(groups))


def note(data: LargerTruths) -> str:
    """How far the two sides agree, in words."""
    return data.agreed.words


def _lengths(benchmark: Benchmark, dataset: str) -> Lengths:
    series = condition_series(benchmark, dataset, "feature_norm")[::-1]
    errors, other = {}, {}
    for method in style.METHODS:
        errors[method] = tuple(_error(of_method(condition.rows, method)) for condition in series)
        if method in OTHER_MODE:
            rows = (
                [row for row in condition.rows if (row.method, row.norm_mode) == OTHER_MODE[method]]
                for condition in series
            )
            other[method] = tuple(map(_error, rows))
    return Lengths(
        lengths=tuple(condition.value for condition in series),
        errors={method: estimates for method, estimates in errors.items() if any(estimates)},
        other={method: estimates for method, estimates in other.items() if any(estimates)},
    )


def _error(rows: list[BenchmarkRow]) -> SeedEstimate | None:
    return SeedEstimate.out_of_distribution(rows[0]).error if rows else None


@style.styled
def draw(data: LargerTruths) -> Figure:
    """A larger truth to the right, error up."""
    figure, theory, measured = two_sides(data.agreed)
    style.logarithmic(theory, x=True, y=True)
    data.theory.draw(theory)
    theory.set(xlabel="norm of the truth, $W$", ylabel="OOD error over $W$")
    for index, of_dataset in enumerate(data.datasets):
        _draw_lengths(measured, of_dataset, label=index == 0)
    style.logarithmic(measured, x=True)
    measured.invert_xaxis()
    measured.set(xlabel="length of features, shorter →", ylabel="OOD error rate (%)", ylim=(0, None))
    style.legend_below(figure, [theory, measured])
    return figure


def _draw_lengths(axis: Axes, data: Lengths, *, label: bool) -> None:
    for method, errors in data.other.items():
        mode = OTHER_MODE[method][1]
        look = style.line(method, linewidth=0.8, alpha=0.7, label=f"{style.LABELS[method]} ({mode})" if label else None)
        marked = [(length, error) for length, error in zip(data.lengths, errors, strict=True) if error]
        axis.plot([x for x, _ in marked], [100 * error.mean for _, error in marked], marker=".", **look)
    for method, errors in data.errors.items():
        marked = [(length, error) for length, error in zip(data.lengths, errors, strict=True) if error]
        look = style.line(method, linewidth=1.1, label=None)
        axis.plot([x for x, _ in marked], [100 * error.mean for _, error in marked], **look)
        for length, error in marked:
            first = label and length == marked[0][0]
            estimate_marks.upright(axis, length, error, method, label=first, seeds=False)
