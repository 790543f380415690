"""What a suite's folder holds: results of finished units, found by the units' meaning; trains and checks nothing.

Nothing here is cached on disk: a result file is read in a tenth of a millisecond, and the directories are the truth.
"""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from artifacts import UserError
from artifacts.directory import MANIFEST
from empirical.benchmark.run import Run
from empirical.benchmark.suite import Suite
from empirical.benchmark.units import Unit
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


@dataclass(frozen=True)
class Ledger:
    """Results by unit; what was read once is kept, for a finished result never changes under the same configuration.

    `damaged`: units whose result could not be read, and why. They count as not run, so a plan names them again.
    """

    suite: Suite
    workspace: Workspace
    damaged: dict[Unit, str] = field(default_factory=dict)
    _kept: dict[Unit, Record] = field(default_factory=dict)
    _runs: dict[Unit, Run] = field(default_factory=dict)

    def run(self, unit: Unit) -> Run:
        """A unit with its meaning."""
        if unit not in self._runs:
            self._runs[unit] = Run(unit, self.suite, self.workspace)
        return self._runs[unit]

    def runs(self, units: Iterable[Unit]) -> list[Run]:
        """Units with their meaning."""
        return [self.run(unit) for unit in units]

    def finished(self, unit: Unit) -> bool:
        """Whether a result is published; a damaged one, or one of other code or data, counts until it is run again."""
        return (self.run(unit).folder / MANIFEST).is_file()

    def result(self, unit: Unit, kind: type[Result]) -> Result | None:
        """A finished unit's result; None where there is none."""
        if unit not in self._kept:
            if not self.finished(unit):
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
        self.damaged.pop(unit, None)
        self._kept.pop(unit, None)

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
