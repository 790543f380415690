"""What the page's tables show: numbers as text, links to runs, and the columns of the paper's second table."""

from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from empirical.records import BenchmarkRow, Estimate, PublishedAccuracy
from figures.benchmark.reading import ROWS
from figures.catalogue import BENCHMARK
from figures.report.contents import Summary


@dataclass(frozen=True)
class Cell:
    """An OOD column of one method: measured, and the paper's number where the data are the paper's."""

    measured: Estimate | None
    published: PublishedAccuracy | None


@dataclass(frozen=True)
class PaperColumn:
    """One OOD column of one data set, a cell for each of the paper's methods."""

    dataset: str
    column: str
    sets: tuple[str, ...]
    cells: tuple[Cell, ...]


def columns(summary: Summary) -> tuple[PaperColumn, ...]:
    """Every OOD column, in the order of the data sets."""
    rows = []
    for dataset in summary.datasets:
        for name, sets in dataset.columns.items():
            cells = []
            for method in ROWS.values():
                row = _row(summary, dataset.name, method)
                paper = None if dataset.miniature else _published(summary, name, method)
                cells.append(Cell(row.per_column.get(name) if row else None, paper))
            rows.append(PaperColumn(dataset.title, dataset.titles.get(name, name), tuple(sets), tuple(cells)))
    return tuple(rows)


def _row(summary: Summary, dataset: str, method: tuple[str, str]) -> BenchmarkRow | None:
    rows = (row for row in summary.benchmark if (row.dataset, row.method, row.norm_mode) == (dataset, *method))
    return next(rows, None)


def _published(summary: Summary, column: str, method: tuple[str, str]) -> PublishedAccuracy | None:
    wanted = ("ood", column, *method)
    return next(
        (
            published
            for published in summary.published
            if (published.table, published.column, published.method, published.norm_mode) == wanted
        ),
        None,
    )


def run_links(runs: list[str]) -> list[tuple[str, str]]:
    """Addresses, from the page's own folder, and names of the directories behind a number.

    A name that would lead out of the benchmark's folder is shown without an address.
    """
    links = []
    for run in runs:
        path = PurePosixPath(run)
        inside = not path.is_absolute() and ".." not in path.parts and "\\" not in run
        links.append((quote(f"{BENCHMARK}/{path.as_posix()}/") if inside else "", path.name))
    return links


def status_counts(summary: Summary) -> list[tuple[str, int]]:
    """How many claims have each status, in the order in which they come up."""
    return list(Counter(claim.status for claim in summary.claims).items())


def kind_of_status(status: str) -> str:
    """How a status is coloured: `true`, `false` or `open`."""
    if "false" in status or status == "violated":
        return "false"
    return "true" if "verified" in status and "not" not in status else "open"


def percent(value: float, half_width: float | None = None) -> str:
    """An accuracy in percent, with the half width of its interval where there is one."""
    return f"{100 * value:.1f}" if half_width is None else f"{100 * value:.1f} ± {100 * half_width:.1f}"


def short(value: float | None) -> str:
    """Three digits of a number."""
    return "–" if value is None else f"{value:.3g}"
