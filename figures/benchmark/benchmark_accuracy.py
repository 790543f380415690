"""Measured accuracy of LP, FT and LP-FT, (a) in distribution and (b) out of distribution.

Full marks: mean over seeds with 90 % intervals (Student's t); dots are single seeds. Learning rate and epoch were
selected on ID validation images alone. FT uses batch statistics, LP and LP-FT frozen ones, as in the paper. Open marks
are the paper's numbers with its intervals, pale where no primary source was at hand; data that are not the paper's have
none. Indented lines are the sets that a column averages; "near ID" marks controls, for which the theory promises
nothing.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from empirical.records import Benchmark, BenchmarkRow, PublishedAccuracy
from figures.benchmark import estimate_marks
from figures.benchmark.reading import (
    column_title,
    controls,
    load_benchmark,
    measured_datasets,
    of_method,
    paper_rows,
    spoken,
    title,
)
from figures.benchmark.seed_estimate import SeedEstimate
from figures.catalogue import FigureDeclaration
from figures.look import style

FIGURE = FigureDeclaration(title="Accuracy, measured and published", sources=("benchmark",), order=230)

#: Distance between methods within a line, where lines are 1 apart.
STEP = 0.24
#: With more columns than this, the sets behind them are left to the table.
MOST_COLUMNS_WITH_SETS = 3
#: Height in inches of a line, and of what is around them.
LINE, AROUND = 0.36, 0.75


@dataclass(frozen=True)
class Line:
    """One line of a panel: a data set, a column or a set, with what was measured and published, by method."""

    label: str
    measured: dict[str, SeedEstimate]
    published: dict[str, PublishedAccuracy]


@dataclass(frozen=True)
class Accuracies:
    """The lines of both panels, from top to bottom."""

    id_lines: tuple[Line, ...]
    ood_lines: tuple[Line, ...]


def collect(results: Path | str) -> Accuracies:
    """The benchmark's table, and the paper's two tables beside it."""
    benchmark = load_benchmark(results)
    names = measured_datasets(benchmark)
    many = sum(len(benchmark.dataset(name).columns) for name in names) > MOST_COLUMNS_WITH_SETS
    return Accuracies(
        id_lines=tuple(_id_line(benchmark, name) for name in names),
        ood_lines=tuple(line for name in names for line in _ood_lines(benchmark, name, with_sets=not many)),
    )


def _id_line(benchmark: Benchmark, dataset: str) -> Line:
    rows = paper_rows(benchmark, dataset)
    measured = {method: SeedEstimate.in_distribution(row) for method, row in rows.items()}
    return Line(
        title(benchmark, dataset), measured, _published(benchmark, dataset, "id", benchmark.dataset(dataset).family)
    )


def _ood_lines(benchmark: Benchmark, dataset: str, *, with_sets: bool) -> list[Line]:
    record, rows, lines = benchmark.dataset(dataset), paper_rows(benchmark, dataset), []
    near = controls(benchmark, dataset)
    for column, sets in record.columns.items():
        measured = {method: SeedEstimate.of(row.per_column[column]) for method, row in rows.items()}
        lines.append(
            Line(column_title(benchmark, dataset, column), measured, _published(benchmark, dataset, "ood", column))
        )
        if with_sets and len(sets) > 1:
            lines += [Line(f"· {spoken(name)}", _of_set(rows, name), {}) for name in sets]
    if with_sets:
        lines += [Line(f"{spoken(name)} (control)", _of_set(rows, name), {}) for name in near]
    return lines


def _of_set(rows: dict[str, BenchmarkRow], name: str) -> dict[str, SeedEstimate]:
    return {method: SeedEstimate.of(row.per_ood_set[name]) for method, row in rows.items()}


def _published(benchmark: Benchmark, dataset: str, table: str, column: str) -> dict[str, PublishedAccuracy]:
    """The paper's numbers by method; none for a miniature, whose numbers say nothing about the data set."""
    if benchmark.dataset(dataset).miniature:
        return {}
    cells = [cell for cell in benchmark.published if (cell.table, cell.column) == (table, column)]
    return {method: of_paper[0] for method in style.METHODS if (of_paper := of_method(cells, method))}


@style.styled
def draw(data: Accuracies) -> Figure:
    """One line a data set or column, one mark a method."""
    lines = max(len(data.id_lines), len(data.ood_lines))
    figure, axes = style.panels(2, height=AROUND + LINE * max(lines, 3))
    for axis, shown in zip(axes.flat, (data.id_lines, data.ood_lines), strict=True):
        _draw_lines(axis, shown)
    style.title_panels(axes, ("in distribution", "out of distribution"))
    style.legend_below(figure, list(axes.flat), columns=4)
    return figure


def _draw_lines(axis: Axes, lines: tuple[Line, ...]) -> None:
    for row, line in enumerate(lines):
        for offset, method in enumerate(style.METHODS):
            y = row + (offset - 1) * STEP
            if method in line.published:
                _mark_published(axis, y, line.published[method], method)
            if method in line.measured:
                estimate_marks.lying(axis, y, line.measured[method], method, label=row == 0)
    if any(line.published for line in lines):
        look: dict[str, Any] = {"marker": "o", "color": style.GUIDE, "markerfacecolor": "white", "linestyle": "none"}
        axis.add_line(Line2D([], [], markersize=4.5, label="published", **look))
    axis.set_yticks(range(len(lines)), [line.label for line in lines])
    axis.tick_params(axis="y", length=0)
    axis.set(ylim=(len(lines) - 0.5, -0.5), xlabel="accuracy (%)")
    axis.grid(visible=False, axis="y")
    for border in range(1, len(lines)):
        axis.axhline(border - 0.5, color="#E6E6E6", linewidth=0.5)
    axis.set_xlim(right=min(100.5, axis.get_xlim()[1]))


def _mark_published(axis: Axes, y: float, published: PublishedAccuracy, method: str) -> None:
    alpha = 1.0 if published.status == "confirmed" else 0.45
    half = None if published.ci90 is None else 100 * published.ci90
    look = style.mark(method, open=True, size=5.5, label=None)
    axis.errorbar(100 * published.accuracy, y, xerr=half, elinewidth=0.8, alpha=alpha, zorder=1.5, **look)
