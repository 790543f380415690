"""How large is the random head at the start? OOD error of full training, a larger head to the right.

(a) The linear theory: OOD error against the size of a random head, on random problems with good features; line: median,
band: 5 % to 95 %. (b) The benchmark: FT in eval mode from random heads that are multiples of the usual one, each at the
learning rate that ID validation selects; OOD error rate, mean over seeds with 90 % intervals (Student's t). Dashed: LP,
which has no such head. The agreement compares FT's conditions with the theory's medians.
"""

from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from empirical.records import Benchmark
from figures.benchmark import estimate_marks
from figures.benchmark.reading import load_benchmark, paper_rows, premises_met
from figures.benchmark.seed_estimate import SeedEstimate
from figures.catalogue import FigureDeclaration
from figures.look import style
from figures.missing import NO_ENTRY, not_measured
from figures.side_by_side.agreement import Agreement, agreement, compared_along
from figures.side_by_side.features import condition_series, varied_datasets
from figures.side_by_side.frame import named, two_sides
from figures.side_by_side.swept import Swept, swept

FIGURE = FigureDeclaration(
    title="A random head that is large at the start",
    sources=("simulations/bounds_against_parameters", "benchmark"),
    order=75,
)

#: LP has no head at the start, and LP-FT's is the probe's.
FULL, PROBE = "fine_tuning", "linear_probing"


@dataclass(frozen=True)
class Scales:
    """One data set: multiples of the usual random head, from small to large, FT's OOD errors, and LP's."""

    scales: tuple[float, ...]
    errors: tuple[SeedEstimate, ...]
    probe: SeedEstimate | None


@dataclass(frozen=True)
class LargerHeads:
    """Theory: errors along the size of the head. Benchmark: the data sets."""

    theory: Swept
    datasets: tuple[Scales, ...]
    agreed: Agreement


def collect(results: Path | str) -> LargerHeads:
    """OOD errors along the size of the head, for every data set for which it was varied."""
    theory, benchmark = swept(results, "head_scale"), load_benchmark(results)
    every = {name: _scales(benchmark, name) for name in varied_datasets(benchmark, "head_scale")}
    if not every:
        raise not_measured(benchmark, "runs from random heads of several sizes", entry=NO_ENTRY)
    medians = theory.medians[FULL]
    groups = {
        named(benchmark, name, "FT OOD"): compared_along(
            medians,
            [f"head times {scale:g}" for scale in of_dataset.scales],
            of_dataset.errors,
            met=premises_met(benchmark, name),
        )
        for name, of_dataset in every.items()
    }
    return LargerHeads(theory, tuple(every.values()), agreement(groups))


def note(data: LargerHeads) -> str:
    """How far the two sides agree, in words."""
    return data.agreed.words


def _scales(benchmark: Benchmark, dataset: str) -> Scales:
    series = condition_series(benchmark, dataset, "head_scale")
    probe = paper_rows(benchmark, dataset).get(PROBE)
    return Scales(
        scales=tuple(condition.value for condition in series),
        errors=tuple(SeedEstimate.out_of_distribution(condition.rows[0]).error for condition in series),
        probe=None if probe is None else SeedEstimate.out_of_distribution(probe).error,
    )


@style.styled
def draw(data: LargerHeads) -> Figure:
    """A larger head to the right, error up."""
    figure, theory, measured = two_sides(data.agreed)
    style.logarithmic(theory, x=True, y=True)
    data.theory.draw(theory, methods=(PROBE, FULL))
    theory.set(xlabel="size of the random head at the start", ylabel="OOD error")
    for index, of_dataset in enumerate(data.datasets):
        _draw_scales(measured, of_dataset, label=index == 0)
    style.logarithmic(measured, x=True)
    measured.set(xlabel="random head at the start, times the usual one", ylabel="OOD error rate (%)", ylim=(0, None))
    style.legend_below(figure, [theory, measured])
    return figure


def _draw_scales(axis: Axes, data: Scales, *, label: bool) -> None:
    axis.plot(data.scales, [100 * error.mean for error in data.errors], **style.line(FULL, linewidth=1.1, label=None))
    for scale, error in zip(data.scales, data.errors, strict=True):
        estimate_marks.upright(axis, scale, error, FULL, label=label and scale == data.scales[0], seeds=False)
    if data.probe is not None:
        axis.axhline(100 * data.probe.mean, **style.line(PROBE, linewidth=1.1, label=None))
