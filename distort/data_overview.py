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
    return Overview(_datasets(data, {one.name for one in sources if one.found}), sources)


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

    found = []
    for one in SOURCES:
        candidates = data.locations.candidates(one)
        place = next((str(candidate) for candidate in candidates if candidate.is_dir()), "")
        command = f"distort bench download {one.name}" if one.fetched and not place else ""
        steps = [] if one.fetched or place else list(one.steps)
        looked_for = list(map(str, candidates))
        size = one.bytes_on_disk
        found.append(SourceStatus(one.name, one.title, looked_for, place, size, one.licence, command, steps))
    return found
