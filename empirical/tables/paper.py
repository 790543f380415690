"""Tables 1 and 2 in the paper's layout: ours, the paper's, and the difference."""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

from empirical.records import ID_COLUMNS, OOD_COLUMNS, PAPER_METHODS, Benchmark, BenchmarkRow, DatasetRecord, Published
from empirical.tables.cells import INTERVALS, NOTHING, difference, estimated, percent
from empirical.tables.table import Table


class _Column(NamedTuple):
    """A column of a table: the data set behind it, and (OOD) which of its columns."""

    dataset: DatasetRecord
    name: str
    heading: str


def paper_tables(benchmark: Benchmark) -> list[Table]:
    """Table 1 (ID) and Table 2 (OOD)."""
    id_columns = [_Column(one, one.name, one.title) for one in benchmark.datasets]
    ood_columns = [_Column(one, name, _heading(one, name)) for one in benchmark.datasets for name in one.columns]
    return [
        _table(benchmark, "id", "Table 1: ID accuracy", _ordered(id_columns, ID_COLUMNS)),
        _table(benchmark, "ood", "Table 2: OOD accuracy", _ordered(ood_columns, OOD_COLUMNS)),
    ]


def row_of(benchmark: Benchmark, dataset: str, method: str, norm_mode: str) -> BenchmarkRow | None:
    """A main row; None where it has not been run."""
    wanted = (dataset, method, norm_mode)
    return next((row for row in benchmark.rows if (row.dataset, row.method, row.norm_mode) == wanted), None)


def _table(benchmark: Benchmark, table: Literal["id", "ood"], title: str, columns: Sequence[_Column]) -> Table:
    lines: list[tuple[str, ...]] = []
    rules = []
    for method, norm_mode in PAPER_METHODS.items():
        rules.append(len(lines))
        rows = [row_of(benchmark, column.dataset.name, method, norm_mode) for column in columns]
        ours = [_ours(row, column, table) for row, column in zip(rows, columns, strict=True)]
        shown = [_shown(row, column, table) for row, column in zip(rows, columns, strict=True)]
        lines.append((f"{method} ({norm_mode})", *shown, percent(_average(ours))))
        theirs = [_theirs(benchmark, column, table, method) for column in columns]
        if any(theirs):
            lines.append(
                (f"{method}, paper", *map(_cell, theirs), _cell(_published(benchmark, table, "average", method)))
            )
            gaps = [difference(one, paper.accuracy if paper else None) for one, paper in zip(ours, theirs, strict=True)]
            lines.append(("difference", *gaps, NOTHING))
    return Table(
        name=f"table_{table}",
        title=title,
        header=("", *(column.heading for column in columns), "average"),
        rows=tuple(lines),
        notes=_notes(benchmark, columns),
        rules=tuple(rules),
    )


def _notes(benchmark: Benchmark, columns: Sequence[_Column]) -> tuple[str, ...]:
    notes = [INTERVALS]
    protocols = sorted({column.dataset.protocol for column in columns})
    notes.append(f"Split protocol: {', '.join(protocols)}.")
    if any(column.dataset.miniature for column in columns):
        notes.append("Miniatures: synthetic images, whose numbers say nothing about the data sets.")
    elif benchmark.published:
        notes.append("Paper: its own intervals (normal, three seeds); a star marks numbers that are recollected only.")
    if benchmark.missing:
        notes.append(f"Not finished: {len(benchmark.missing)} units of work are missing.")
    return tuple(notes)


def _ordered(columns: Sequence[_Column], order: Sequence[str]) -> list[_Column]:
    """The paper's columns in its order, then all others."""
    return sorted(columns, key=lambda column: order.index(column.name) if column.name in order else len(order))


def _heading(dataset: DatasetRecord, column: str) -> str:
    """A configuration beside the paper's shares its columns, so it says its own name too."""
    title = dataset.titles[column]
    return title if dataset.name == dataset.family or dataset.family not in ID_COLUMNS else f"{title} ({dataset.name})"


def _ours(row: BenchmarkRow | None, column: _Column, table: str) -> float | None:
    if row is None:
        return None
    return row.id_accuracy if table == "id" else row.per_column[column.name].mean


def _shown(row: BenchmarkRow | None, column: _Column, table: str) -> str:
    if row is None:
        return NOTHING
    return percent(row.id_accuracy, row.id_ci90) if table == "id" else estimated(row.per_column[column.name])


def _theirs(benchmark: Benchmark, column: _Column, table: str, method: str) -> Published | None:
    """The paper's number; none for a miniature, and none for a data set of the user's own."""
    if column.dataset.miniature or column.dataset.family not in ID_COLUMNS:
        return None
    return _published(benchmark, table, column.dataset.family if table == "id" else column.name, method)


def _published(benchmark: Benchmark, table: str, column: str, method: str) -> Published | None:
    wanted = (table, column, method)
    return next((one for one in benchmark.published if (one.table, one.column, one.method) == wanted), None)


def _cell(found: Published | None) -> str:
    if found is None:
        return NOTHING
    return percent(found.accuracy, found.ci90) + ("*" if found.status == "recollected" else "")


def _average(values: Sequence[float | None]) -> float | None:
    """Over all columns; none where one is missing, since an average over fewer would look comparable."""
    found = [value for value in values if value is not None]
    return math.fsum(found) / len(found) if found and len(found) == len(values) else None
