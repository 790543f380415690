"""The frame of every side-by-side figure: theory left, benchmark right, and the number that says how far they agree."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from empirical.records import Benchmark
from figures.benchmark.reading import measured_datasets, title
from figures.look import style
from figures.side_by_side.agreement import Agreement


def two_sides(agreed: Agreement, *, height: float = 2.9) -> tuple[Figure, Axes, Axes]:
    """An empty figure with both panels titled; the agreement stands above the right one."""
    figure, axes = style.panels(2, height=height)
    style.title_panels(axes, ("linear theory", "benchmark"))
    theory, measured = axes.flat
    remark(measured, agreed)
    return figure, theory, measured


def remark(axis: Axes, agreed: Agreement) -> None:
    """The agreement, above the right end of a panel."""
    axis.set_title(agreed.label, loc="right", fontsize=style.small(), color="#555555")


def better_to_the_right(axis: Axes, label: str) -> None:
    """An axis label that says which end is good."""
    axis.set_xlabel(f"{label} →")


def named(benchmark: Benchmark, dataset: str, words: str) -> str:
    """What is compared, with its data set where there are several.

    Args:
      words: what is compared, without the data set.
    """
    return words if len(measured_datasets(benchmark)) == 1 else f"{title(benchmark, dataset)}, {words}"
