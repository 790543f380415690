"""Results that a folder's document has and the next one lacks: they do not go without a word.

A run is filed under its configuration, so that runs of older code or of other settings are not found by their units:
the folder still holds them, its document shows them, and a document collected now would not.
"""

import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from artifacts import UserError
from artifacts.directory import MANIFEST
from artifacts.reading import read_json
from empirical.benchmark.ledger import Ledger
from empirical.benchmark.plan import plan
from empirical.benchmark.units import FOLDERS
from empirical.records import BENCHMARK_FILE, SEAL_FILE, Benchmark, write_benchmark

logger = logging.getLogger(__name__)
#: Names that a line gives before it counts the rest.
NAMED = 3


def replace_benchmark(folder: Path, benchmark: Benchmark) -> None:
    """Write a suite's document; one that shows results which this one lacks is kept beside it, with a word."""
    gone = lost(folder, benchmark)
    if gone:
        older = _free(folder)
        os.replace(folder / BENCHMARK_FILE, folder / older)
        if (folder / SEAL_FILE).is_file():
            os.replace(folder / SEAL_FILE, folder / f"{older}.sha256")
        logger.warning(
            "%s has no %s any more; the document before is kept as %s.", folder / BENCHMARK_FILE, gone, older
        )
    write_benchmark(folder, benchmark)


def check_nothing_lost(ledger: Ledger, benchmark: Benchmark) -> None:
    """Whether a document may be replaced by one that was collected and for which nothing was run.

    Raises:
      UserError: it has results that the new one lacks, and runs in the folder belong to no unit.
    """
    folder = ledger.workspace.folder
    gone, strangers = lost(folder, benchmark), unclaimed(ledger)
    if gone and strangers:
        raise UserError(
            f"{folder / BENCHMARK_FILE} must not lose {gone}, but {strangers} finished runs here are of older code or "
            "other settings and cannot be collected; it was left as it is. `distort bench run` makes them again, "
            "`--to DIR` writes tables of the others."
        )


def lost(folder: Path, benchmark: Benchmark) -> str:
    """Results of the folder's document that this one lacks, in words; empty where there are none.

    A document of any version is read, as far as it names its results; one that cannot be read shows none.
    """
    try:
        before = read_json(folder / BENCHMARK_FILE)
    except (OSError, ValueError):
        return ""
    now = set(_results(benchmark.model_dump(mode="json")))
    gone = [name for name in dict.fromkeys(_results(before)) if name not in now]
    more = f" and {len(gone) - NAMED} more" if len(gone) > NAMED else ""
    return ", ".join(gone[:NAMED]) + more


def unclaimed(ledger: Ledger) -> int:
    """Finished runs in the suite's folder that no unit of its plan names."""
    runs = ledger.runs(plan(ledger.suite, ledger.training).units)
    claimed = {run.id for planned in runs for run in (planned, *planned.dependencies)}
    return sum(name not in claimed for name in _published(ledger.workspace.folder))


def _published(folder: Path) -> Iterator[str]:
    for kind in FOLDERS.values():
        if (folder / kind).is_dir():
            for entry in os.scandir(folder / kind):
                if not entry.name.startswith(".") and os.path.isfile(os.path.join(entry.path, MANIFEST)):
                    yield f"{kind}/{entry.name}"


def _results(document: Any) -> Iterator[str]:
    """Names of what a document shows: rows, those of conditions, and what was done with finished runs."""
    if not isinstance(document, dict):
        return
    for row in _records(document.get("rows")):
        yield f"{row.get('dataset')}: {_label(row)}"
    for condition in _records(document.get("conditions")):
        for row in _records(condition.get("rows")):
            yield f"{condition.get('dataset')} [{condition.get('name')}]: {_label(row)}"
    for kind in ("interpolation", "refitting"):
        for record in _records(document.get(f"{kind}s")):
            yield f"{record.get('dataset')}: {kind}, {_label(record)}, seed {record.get('seed')}"


def _records(value: Any) -> Iterable[dict[str, Any]]:
    return [record for record in value if isinstance(record, dict)] if isinstance(value, list) else []


def _label(row: dict[str, Any]) -> str:
    return f"{row.get('method')} ({row.get('norm_mode')})"


def _free(folder: Path) -> str:
    """A name for the document before; none is overwritten."""
    stem = BENCHMARK_FILE.removesuffix(".json")
    names = (f"{stem}.older{number}.json" for number in ["", *(f"-{count}" for count in range(2, 1000))])
    return next(name for name in names if not os.path.lexists(folder / name))
