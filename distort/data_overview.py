"""What data there is and where, source by source and data set by data set."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from empirical.datasets.configuration import Data


@dataclass(frozen=True)
class SourceStatus:
    """A source of images; where it is not there, the command that fetches it, or what to do by hand."""

    name: str
    title: str
    looked_for: list[str]
    found: str
    bytes: int
    licence: str
    command: str
    steps: list[str]


@dataclass(frozen=True)
class DatasetStatus:
    """One of the benchmark's OOD columns, or a data set of the user's own."""

    name: str
    title: str
    task: str
    ood_sets: list[str]
    sources: list[str]
    missing: list[str]


@dataclass(frozen=True)
class Overview:
    """Every data set of the paper, and every place from which one of them can be had."""

    datasets: list[DatasetStatus]
    sources: list[SourceStatus]


def data_overview(data: "Data") -> Overview:
    """Every data set and every source; a source counts as there once its folder exists (`verify` looks inside)."""
    sources = _sources(data)
    return Overview(_datasets(data, {source.name for source in sources if source.found}), sources)


def _datasets(data: "Data", there: set[str]) -> list[DatasetStatus]:
    from empirical.datasets.catalogue import COLUMNS, EMBEDDED, family

    rows = []
    for column in COLUMNS:
        task = family(column.family, data.families)
        parts = [task.training, task.reported, *(part for part in task.ood if part.name in column.sets)]
        sources = list(dict.fromkeys(part.source.name for part in parts if part.source))
        missing = [name for name in sources if name not in there]
        rows.append(DatasetStatus(column.name, column.title, task.name, list(column.sets), sources, missing))
    listed = {column.family for column in COLUMNS}
    for own in data.families:
        if own.name not in listed:
            rows.append(DatasetStatus(own.name, own.title, own.name, [part.name for part in own.ood], [], []))
    return rows + [
        DatasetStatus(task.name, f"{task.title} (embedded)", task.name, [part.name for part in task.ood], [], [])
        for task in EMBEDDED
    ]


def _sources(data: "Data") -> list[SourceStatus]:
    from empirical.datasets.catalogue import SOURCES

    statuses = []
    for source in SOURCES:
        candidates = data.locations.candidates(source)
        folder = next((str(candidate) for candidate in candidates if candidate.is_dir()), "")
        command = f"distort bench download {source.name}" if source.fetched and not folder else ""
        steps = [] if source.fetched or folder else list(source.steps)
        looked_for = list(map(str, candidates))
        size = source.bytes_on_disk
        statuses.append(
            SourceStatus(source.name, source.title, looked_for, folder, size, source.licence, command, steps)
        )
    return statuses
