"""Tables 1 and 2 in the paper's layout: ours, the paper's, and the difference."""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

from empirical.records import (
    ID_COLUMNS,
    OOD_COLUMNS,
    PAPER_METHODS,
    Benchmark,
    BenchmarkRow,
    DatasetRecord,
    PublishedAccuracy,
    method_label,
)
from empirical.tables.cells import INTERVALS, NOTHING, difference, estimated, percent
from empirical.tables.table import Table

ORDERS = {"id": ID_COLUMNS, "ood": OOD_COLUMNS}


class _Column(NamedTuple):
    """A column of a table: the data set behind it, and (OOD) which of its columns."""

    dataset: DatasetRecord
    name: str
    heading: str


def paper_tables(benchmark: Benchmark) -> list[Table]:
    """Table 1 (ID) and Table 2 (OOD)."""
    id_columns = [_Column(dataset, dataset.name, dataset.title) for dataset in benchmark.datasets]
    ood_columns = [
        _Column(dataset, name, _heading(dataset, name)) for dataset in benchmark.datasets for name in dataset.columns
    ]
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
    papers = _papers_columns(columns, ORDERS[table])
    for method, norm_mode in PAPER_METHODS.items():
        rules.append(len(lines))
        rows = [row_of(benchmark, column.dataset.name, method, norm_mode) for column in columns]
        ours = [_ours(row, column, table) for row, column in zip(rows, columns, strict=True)]
        theirs = [_theirs(benchmark, column, table, method) for column in columns]
        shown = [
            _shown(row, column, table, beside=paper is not None)
            for row, column, paper in zip(rows, columns, theirs, strict=True)
        ]
        average = _average([ours[index] for index in papers])
        lines.append((method_label(method, norm_mode), *shown, percent(average)))
        if any(theirs):
            published = _published(benchmark, table, "average", method) if papers else None
            lines.append((f"{method}, paper", *map(_cell, theirs), _cell(published)))
            gaps = [
                difference(measured, paper.accuracy if paper else None)
                for measured, paper in zip(ours, theirs, strict=True)
            ]
            lines.append(("difference", *gaps, difference(average, published.accuracy if published else None)))
    return Table(
        name=f"table_{table}",
        title=title,
        header=("", *(column.heading for column in columns), "average"),
        rows=tuple(lines),
        notes=_notes(benchmark, columns, averaged=len(papers), of=len(ORDERS[table])),
        rules=tuple(rules),
    )


def _papers_columns(columns: Sequence[_Column], order: Sequence[str]) -> tuple[int, ...]:
    """Where the paper's columns stand, in its own configurations; empty unless all of them are there."""
    places = tuple(
        index
        for index, column in enumerate(columns)
        if column.name in order and column.dataset.name == column.dataset.family
    )
    return places if sorted(columns[index].name for index in places) == sorted(order) else ()


def _notes(benchmark: Benchmark, columns: Sequence[_Column], *, averaged: int, of: int) -> tuple[str, ...]:
    notes = [INTERVALS]
    if not averaged:
        notes.append(f"No average: it would be over other columns than the paper's {of}.")
    elif averaged < len(columns):
        notes.append(f"Averages are over the paper's {of} columns alone.")
    protocols = sorted({column.dataset.protocol for column in columns})
    notes.append(f"Split protocol: {', '.join(protocols)}.")
    if any(column.dataset.miniature for column in columns):
        notes.append("Miniatures: synthetic images, whose numbers say nothing about the data sets.")
    elif benchmark.published:
        notes.append(
            "Beside the paper's numbers the half width by its own formula (1.645 standard errors) stands in brackets."
        )
        notes.append("Paper: its own intervals (normal, three seeds); a star marks numbers that are recollected only.")
    if benchmark.missing:
        notes.append(f"Not finished: {len(benchmark.missing)} units of work are missing.")
    notes += [f"Mixed: {note}." for note in benchmark.notes]
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


def _shown(row: BenchmarkRow | None, column: _Column, table: str, *, beside: bool) -> str:
    """Ours with its half width; `beside` a number of the paper's also with the half width that it would give."""
    if row is None:
        return NOTHING
    if table == "id":
        shown, normal = percent(row.id_accuracy, row.id_ci90), row.id_ci90_normal
    else:
        measured = row.per_column[column.name]
        shown, normal = estimated(measured), measured.ci90_normal
    return f"{shown} ({percent(normal)})" if beside and normal is not None else shown


def _theirs(benchmark: Benchmark, column: _Column, table: str, method: str) -> PublishedAccuracy | None:
    """The paper's number; none for a miniature, and none for a data set of the user's own."""
    if column.dataset.miniature or column.dataset.family not in ID_COLUMNS:
        return None
    return _published(benchmark, table, column.dataset.family if table == "id" else column.name, method)


def _published(benchmark: Benchmark, table: str, column: str, method: str) -> PublishedAccuracy | None:
    wanted = (table, column, method)
    return next(
        (
            published
            for published in benchmark.published
            if (published.table, published.column, published.method) == wanted
        ),
        None,
    )


def _cell(published: PublishedAccuracy | None) -> str:
    if published is None:
        return NOTHING
    return percent(published.accuracy, published.ci90) + ("*" if published.status == "recollected" else "")


def _average(values: Sequence[float | None]) -> float | None:
    """None where one is missing, since an average over fewer would look comparable."""
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known and len(known) == len(values) else None
