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

from empirical.records import Benchmark, BenchmarkRow, Published
from figures.benchmark.measured import (
    Measured,
    benchmark,
    column_title,
    controls,
    measured_datasets,
    of_method,
    paper_rows,
    spoken,
    title,
)
from figures.look import marks, style

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
    measured: dict[str, Measured]
    published: dict[str, Published]


@dataclass(frozen=True)
class Accuracies:
    """The lines of both panels, from top to bottom."""

    id_lines: tuple[Line, ...]
    ood_lines: tuple[Line, ...]


def collect(results: Path) -> Accuracies:
    """The benchmark's table, and the paper's two tables beside it."""
    found = benchmark(results)
    names = measured_datasets(found)
    many = sum(len(found.dataset(name).columns) for name in names) > MOST_COLUMNS_WITH_SETS
    return Accuracies(
        id_lines=tuple(_id_line(found, name) for name in names),
        ood_lines=tuple(line for name in names for line in _ood_lines(found, name, with_sets=not many)),
    )


def _id_line(found: Benchmark, dataset: str) -> Line:
    rows = paper_rows(found, dataset)
    measured = {method: Measured.in_distribution(row) for method, row in rows.items()}
    return Line(title(found, dataset), measured, _published(found, dataset, "id", found.dataset(dataset).family))


def _ood_lines(found: Benchmark, dataset: str, *, with_sets: bool) -> list[Line]:
    record, rows, lines = found.dataset(dataset), paper_rows(found, dataset), []
    near = controls(found, dataset)
    for column, sets in record.columns.items():
        measured = {method: Measured.of(row.per_column[column]) for method, row in rows.items()}
        lines.append(Line(column_title(found, dataset, column), measured, _published(found, dataset, "ood", column)))
        if with_sets and len(sets) > 1:
            lines += [Line(f"· {spoken(name)}", _of_set(rows, name), {}) for name in sets]
    if with_sets:
        lines += [Line(f"{spoken(name)} (control)", _of_set(rows, name), {}) for name in near]
    return lines


def _of_set(rows: dict[str, BenchmarkRow], name: str) -> dict[str, Measured]:
    return {method: Measured.of(row.per_ood_set[name]) for method, row in rows.items()}


def _published(found: Benchmark, dataset: str, table: str, column: str) -> dict[str, Published]:
    """The paper's numbers by method; none for a miniature, whose numbers say nothing about the data set."""
    if found.dataset(dataset).miniature:
        return {}
    cells = [one for one in found.published if (one.table, one.column) == (table, column)]
    return {method: one[0] for method in style.METHODS if (one := of_method(cells, method))}


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
    for place, line in enumerate(lines):
        for offset, method in enumerate(style.METHODS):
            y = place + (offset - 1) * STEP
            if method in line.published:
                _mark_published(axis, y, line.published[method], method)
            if method in line.measured:
                marks.lying(axis, y, line.measured[method], method, label=place == 0)
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


def _mark_published(axis: Axes, y: float, published: Published, method: str) -> None:
    alpha = 1.0 if published.status == "confirmed" else 0.45
    half = None if published.ci90 is None else 100 * published.ci90
    look = style.mark(method, open=True, size=5.5, label=None)
    axis.errorbar(100 * published.accuracy, y, xerr=half, elinewidth=0.8, alpha=alpha, zorder=1.5, **look)
