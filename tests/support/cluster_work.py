"""What workers of these tests do in the place of `run_unit`: real run directories, no training, faults on demand.

A module of its own, which processes import by its name.
"""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from artifacts import Outcome, UserError
from benchmarks.no_op_runs import no_op, no_op_suite
from empirical import Assignment, Workspace

#: Two probes, a description, four methods at two seeds.
SUITE = no_op_suite(1, rates=1, seeds=2)
UNITS = 11
#: Seconds that a slow run takes: long enough to be met in its middle.
SLOW = 1.0
PATIENCE_SECONDS = 120


def poisoned(assignment: Assignment) -> Outcome:
    """A probe of seed 1 ends its process; the description meets an error of the user's."""
    unit = assignment.unit
    if unit.kind == "probe" and unit.seed == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if unit.kind == "description":
        raise UserError("Data must be there, but are not.")
    return no_op(assignment)


def passing(assignment: Assignment) -> Outcome:
    """Every unit fails at first, and succeeds at its second attempt."""
    unit = assignment.unit
    mark = Path(f"{assignment.workspace.folder}.tried-{unit.kind}-{unit.method}-{unit.seed}".replace(" ", ""))
    if not mark.exists():
        mark.touch()
        raise OSError("the disk is full for a moment")
    return no_op(assignment)


def mistaken(assignment: Assignment) -> Outcome:
    """A mistake in the code, which no second attempt would mend."""
    raise TypeError("no such argument")


def slow(assignment: Assignment) -> Outcome:
    """Says in a file which process has which unit in work, and takes its time."""
    unit = assignment.unit
    with Path(f"{assignment.workspace.folder}.begun").open("a", encoding="utf-8") as stream:
        stream.write(f"{os.getpid()} {os.environ.get('CUDA_VISIBLE_DEVICES', '-')} {unit}\n")
    if unit.kind == "training":
        time.sleep(SLOW)
    return no_op(assignment)


def begun(workspace: Workspace) -> list[tuple[int, str, str]]:
    """Process, device and unit of every attempt of `slow` so far."""
    file = Path(f"{workspace.folder}.begun")
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    words = [line.split(" ", 2) for line in lines]
    return [(int(process), device, unit) for process, device, unit in words]


def wait_for(happened: Callable[[], bool]) -> None:
    """Until something is seen to have happened, or the test has failed."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
