"""What a suite's folder holds: results of finished units, found by the units' meaning; trains nothing.

Nothing here is cached on disk: a run is read and held against its recorded hashes in half a millisecond, and the
directories are the truth.
"""

import gc
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from artifacts import UserError, canonical_json, published
from empirical.benchmark.origins import Origin, origin
from empirical.benchmark.run import Run
from empirical.benchmark.suite import Suite
from empirical.benchmark.units import FOLDERS, Kind, Unit
from empirical.benchmark.workspace import Workspace
from empirical.records import (
    METRICS_FILE,
    RESULT_FILE,
    EpochRecord,
    PenaltyRecord,
    ProbeResult,
    Record,
    RunResult,
    read_lines,
    read_record,
)
from empirical.selection import Trial

Result = TypeVar("Result", bound=Record)
#: Ending of files of weights, which no table needs: folders are often copied without them.
WEIGHTS = ".safetensors"


@dataclass(frozen=True)
class Ledger:
    """Results by unit; what was read once is kept, for a finished result never changes under the same configuration.

    `damaged`: units whose files differ from what was written, or could not be read, and why; `refused`: units that were
    made from other data or weights than newer ones beside them. Both count as not run, so a plan names them again.
    """

    suite: Suite
    workspace: Workspace
    damaged: dict[Unit, str] = field(default_factory=dict)
    refused: dict[Unit, str] = field(default_factory=dict)
    _kept: dict[Unit, Record] = field(default_factory=dict)
    _runs: dict[Unit, Run] = field(default_factory=dict)
    _origins: dict[Unit, Origin] = field(default_factory=dict)
    _same: dict[str, Origin] = field(default_factory=dict)

    def run(self, unit: Unit) -> Run:
        """A unit with its meaning."""
        if unit not in self._runs:
            self._runs[unit] = Run(unit, self.suite, self.workspace)
        return self._runs[unit]

    def runs(self, units: Iterable[Unit]) -> list[Run]:
        """Units with their meaning."""
        return [self.run(unit) for unit in units]

    def finished(self, unit: Unit) -> bool:
        """Whether a result is published that was not refused; one of other code counts until it is run again."""
        return unit not in self.refused and self._has_any(unit.kind) and os.path.isfile(self.run(unit).manifest)

    def _has_any(self, kind: Kind) -> bool:
        """Whether there are runs of a kind at all: where there are none, none of its units has to be looked up."""
        return os.path.isdir(f"{self.workspace.folder}/{FOLDERS[kind]}")

    def origin(self, unit: Unit) -> Origin | None:
        """What a finished unit was made from; its files are checked against their hashes. None where none is whole."""
        if unit not in self._origins:
            if unit in self.damaged or not self.finished(unit):
                return None
            try:
                self._origins[unit] = self._shared(origin(published(self.run(unit).folder, dispensable=WEIGHTS)))
            except (UserError, OSError) as error:
                self.damaged[unit] = str(error)
                return None
        return self._origins[unit]

    def origins(self, units: Iterable[Unit]) -> dict[Unit, Origin]:
        """Of those units that are finished and whole."""
        origins = ((unit, self.origin(unit)) for unit in units)
        return {unit: origin for unit, origin in origins if origin is not None}

    def refuse(self, units: Mapping[Unit, str]) -> None:
        """Count units as not run, for the reasons given."""
        self.refused.update(units)

    def _shared(self, of_run: Origin) -> Origin:
        """Most runs of a suite are made from the same: it is kept in memory once."""
        same = self._same.setdefault(canonical_json([of_run.material, of_run.code, of_run.versions]), of_run)
        return same._replace(published=of_run.published)

    def result(self, unit: Unit, kind: type[Result]) -> Result | None:
        """A finished unit's result; None where there is none."""
        if unit in self.refused:
            return None
        if unit not in self._kept:
            if self.origin(unit) is None:
                return None
            try:
                self._kept[unit] = read_record(self.run(unit).folder / RESULT_FILE, kind)
            except UserError as error:
                self.damaged[unit] = str(error)
                return None
        result = self._kept[unit]
        assert isinstance(result, kind)
        return result

    def training(self, unit: Unit) -> RunResult | None:
        """How a training run ended; None where it has not been run."""
        return self.result(unit, RunResult)

    def forget(self, unit: Unit) -> None:
        """Read the unit's result anew next time: it has just been made."""
        for remembered in (self.damaged, self.refused, self._kept, self._origins):
            remembered.pop(unit, None)

    def epochs(self, unit: Unit) -> list[EpochRecord]:
        """A finished training run, epoch by epoch."""
        return read_lines(self.run(unit).folder / METRICS_FILE, EpochRecord)

    def penalties(self, unit: Unit) -> list[PenaltyRecord]:
        """A finished probe, penalty by penalty."""
        return read_lines(self.run(unit).folder / METRICS_FILE, PenaltyRecord)

    def trial(self, unit: Unit) -> Trial | None:
        """A finished run with everything that was measured along it, for selection on any criterion.

        Of a training run every epoch; of a probe every penalty.
        """
        if unit.kind == "probe":
            probe = self.result(unit, ProbeResult)
            if probe is None:
                return None
            return Trial(probe.run, probe.penalty, probe.seed, False, tuple(self.penalties(unit)))
        run = self.training(unit)
        if run is None:
            return None
        return Trial(run.run, run.learning_rate, run.seed, run.status == "diverged", tuple(self.epochs(unit)))


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
