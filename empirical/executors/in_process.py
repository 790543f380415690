"""One unit after another, in this process, on all of its devices."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from empirical.benchmark.suite import Suite
from empirical.benchmark.units import Unit
from empirical.benchmark.workspace import Places
from empirical.executors.executor import RETRIES, Done, Failed, Work, attempted
from empirical.executors.waiting import Waiting
from empirical.runs import run_unit


@dataclass(frozen=True)
class InProcess:
    """Also what a debugger wants."""

    work: Work = run_unit
    retries: int = RETRIES

    def __call__(
        self, units: Sequence[Unit], suite: Suite, places: Places, *, force: bool
    ) -> Generator[Done | Failed, None, None]:
        waiting = Waiting(units, suite, retries=self.retries)
        while (unit := waiting.take()) is not None:
            yield from waiting.settled(unit, attempted(unit, places, force=force, work=self.work))


#: The executor of `run_suite` unless another is named.
local = InProcess()
