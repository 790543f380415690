"""What a suite's folder holds: results of finished units, found by the units' meaning; trains nothing.

Nothing here is cached on disk: a run is read and held against its recorded hashes in half a millisecond, and the
directories are the truth.
"""

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from artifacts import UserError, canonical_json, published
from artifacts.directory import MANIFEST
from empirical.benchmark.origins import Origin, origin
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

    `damaged`: units whose files differ from what was written, or could not be read, and why; `refused`: units that were
    made from other data or weights than newer ones beside them. Both count as not run, so a plan names them again.
    """

    suite: Suite
    folder: Path
    damaged: dict[Unit, str] = field(default_factory=dict)
    refused: dict[Unit, str] = field(default_factory=dict)
    _kept: dict[Unit, Record] = field(default_factory=dict)
    _places: dict[Unit, Path] = field(default_factory=dict)
    _origins: dict[Unit, Origin] = field(default_factory=dict)
    _same: dict[str, Origin] = field(default_factory=dict)

    def place(self, unit: Unit) -> Path:
        if unit not in self._places:
            self._places[unit] = place(unit, self.suite, self.folder)
        return self._places[unit]

    def finished(self, unit: Unit) -> bool:
        """Whether a result is published that was not refused; one of other code counts until it is run again."""
        return unit not in self.refused and (self.place(unit) / MANIFEST).is_file()

    def origin(self, unit: Unit) -> Origin | None:
        """What a finished unit was made from; its files are checked against their hashes. None where none is whole."""
        if unit not in self._origins:
            if unit in self.damaged or not self.finished(unit):
                return None
            try:
                self._origins[unit] = self._shared(origin(published(self.place(unit))))
            except (UserError, OSError) as error:
                self.damaged[unit] = str(error)
                return None
        return self._origins[unit]

    def origins(self, units: Iterable[Unit]) -> dict[Unit, Origin]:
        """Of those units that are finished and whole."""
        found = ((unit, self.origin(unit)) for unit in units)
        return {unit: origin for unit, origin in found if origin is not None}

    def refuse(self, units: Mapping[Unit, str]) -> None:
        """Count units as not run, for the reasons given."""
        self.refused.update(units)

    def _shared(self, found: Origin) -> Origin:
        """Most runs of a suite are made from the same: it is kept in memory once."""
        same = self._same.setdefault(canonical_json([found.material, found.code, found.versions]), found)
        return same._replace(published=found.published)

    def result(self, unit: Unit, kind: type[Found]) -> Found | None:
        """A finished unit's result; None where there is none."""
        if unit in self.refused:
            return None
        if unit not in self._kept:
            if self.origin(unit) is None:
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
        for remembered in (self.damaged, self.refused, self._kept, self._origins):
            remembered.pop(unit, None)

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
