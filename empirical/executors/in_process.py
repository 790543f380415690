"""One unit after another, in this process, on all of its devices."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from empirical.benchmark.run import Assignment, Run
from empirical.executors.executor import RETRIES, Done, Failed, Work, attempted
from empirical.executors.waiting import Waiting
from empirical.runs import run_unit


@dataclass(frozen=True)
class InProcess:
    """Makes runs in this process, one after the other; a debugger can follow it."""

    work: Work = run_unit
    retries: int = RETRIES

    def __call__(self, runs: Sequence[Run], *, force: bool) -> Generator[Done | Failed, None, None]:
        """Make the runs here, one after another; a generator that is closed begins no other."""
        waiting = Waiting(runs, retries=self.retries)
        while (run := waiting.take()) is not None:
            yield from waiting.settled(run.unit, attempted(Assignment(run.unit, run.workspace, force), self.work))


#: The executor of `run_suite` unless another is named.
local = InProcess()
