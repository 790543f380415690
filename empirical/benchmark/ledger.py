"""What a suite's folder holds: results of finished units, found by the units' meaning; trains and checks nothing.

Nothing here is cached on disk: a result file is read in a tenth of a millisecond, and the directories are the truth.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from artifacts import UserError
from artifacts.directory import MANIFEST
from empirical.benchmark.suite import Suite
from empirical.benchmark.units import Unit, place
from empirical.records import (
    EpochRecord,
    PenaltyRecord,
    Record,
    RunResult,
    read_lines,
    read_record,
)  # fmt: skip
from empirical.selection import Trial

Found = TypeVar("Found", bound=Record)


@dataclass(frozen=True)
class Ledger:
    """Results by unit; what was read once is kept, for a finished result never changes under the same configuration.

    `damaged`: units whose result could not be read, and why. They count as not run, so a plan names them again.
    """

    suite: Suite
    folder: Path
    damaged: dict[Unit, str] = field(default_factory=dict)
    _kept: dict[Unit, Record] = field(default_factory=dict)
    _places: dict[Unit, Path] = field(default_factory=dict)

    def place(self, unit: Unit) -> Path:
        if unit not in self._places:
            self._places[unit] = place(unit, self.suite, self.folder)
        return self._places[unit]

    def finished(self, unit: Unit) -> bool:
        """Whether a result is published; a damaged one, or one of other code or data, counts until it is run again."""
        return (self.place(unit) / MANIFEST).is_file()

    def result(self, unit: Unit, kind: type[Found]) -> Found | None:
        """A finished unit's result; None where there is none."""
        if unit not in self._kept:
            if not self.finished(unit):
                return None
            try:
                self._kept[unit] = read_record(self.place(unit) / "result.json", kind)
            except UserError as error:
                self.damaged[unit] = str(error)
                return None
        found = self._kept[unit]
        assert isinstance(found, kind)
        return found

    def run(self, unit: Unit) -> RunResult | None:
        return self.result(unit, RunResult)

    def forget(self, unit: Unit) -> None:
        """Read the unit's result anew next time: it has just been made."""
        self.damaged.pop(unit, None)
        self._kept.pop(unit, None)

    def epochs(self, unit: Unit) -> list[EpochRecord]:
        return read_lines(self.place(unit) / "metrics.jsonl", EpochRecord)

    def path(self, unit: Unit) -> list[PenaltyRecord]:
        return read_lines(self.place(unit) / "metrics.jsonl", PenaltyRecord)

    def trial(self, unit: Unit) -> Trial | None:
        """A finished run with every epoch, for selection on any criterion."""
        run = self.run(unit)
        if run is None:
            return None
        history = tuple(self.epochs(unit))
        return Trial(run.run, run.learning_rate, run.seed, run.status == "diverged", history)


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Python's search for cycles of objects, put off: records have none, and of many it takes half the time."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
