"""What an executor is given and what it yields.

An executor is given runs of one suite and yields what became of each, in any order. It must begin a run only when those
that it depends on (`Run.dependencies`) and that were given with it are done, and must yield `Failed` for those whose
dependency failed. Everything else is the same for all executors: a worker is sent an `Assignment`, calls `run_unit` and
returns the run's id; giving a unit out twice costs nothing but time.
"""

import traceback
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from artifacts import Outcome, UserError
from artifacts.errors import unforeseen
from empirical.benchmark.run import Assignment, Run
from empirical.benchmark.units import Unit
from empirical.counted_code import own_files

#: How often a unit is tried again after an error that may pass.
RETRIES = 2
#: A full disk, a device without memory, a driver that failed. What is left is a mistake, which would be met again.
MAY_PASS = (OSError, MemoryError, RuntimeError)
#: The same, raised in the code of a user's own backbone: neither its own `raise` nor a file that is not there passes.
MISTAKES_OF_OWN_CODE = (RuntimeError, FileNotFoundError)


class Done(NamedTuple):
    """`built` is False where the run was up to date; `reason` says why it was made."""

    unit: Unit
    run: str
    built: bool
    reason: str


class Failed(NamedTuple):
    """Set aside: the rest goes on without it. `traceback`: of an error that nobody foresaw."""

    unit: Unit
    error: str
    traceback: str = ""


@runtime_checkable
class Executor(Protocol):
    """Makes runs, wherever it likes."""

    def __call__(self, runs: Sequence[Run], *, force: bool) -> Generator[Done | Failed, None, None]:
        """Make runs of one suite, and yield what became of each.

        Args:
          runs: at least one, all of one workspace; in any order.
          force: make again what is up to date.
        """
        ...


@runtime_checkable
class Work(Protocol):
    """What a worker does with a unit (`runs.run_unit`): a module's function, so that it can be named to a process."""

    def __call__(self, assignment: Assignment) -> Outcome:
        """Make a unit's run unless it is up to date.

        Raises:
          UserError: it cannot be made; any other error counts as unforeseen.
        """
        ...


class Attempt(NamedTuple):
    """What came of one try. `again`: the error may pass."""

    outcome: Done | Failed
    again: bool = False


def attempted(assignment: Assignment, work: Work) -> Attempt:
    """A unit run here; what goes wrong is said in one line and stops nobody else.

    Args:
      work: what makes it.
    """
    unit = assignment.unit
    try:
        outcome = work(assignment)
    except UserError as error:
        return Attempt(Failed(unit, " ".join(str(error).split())))
    except Exception as error:
        where = _in_own_backbone(error, assignment)
        line = unforeseen(error) + (f" ({where})" if where else "")
        trace = "".join(traceback.format_exception(error))
        of_device = type(error).__module__.partition(".")[0] in ("jax", "jaxlib")
        mistaken = bool(where) and isinstance(error, MISTAKES_OF_OWN_CODE) and not of_device
        return Attempt(Failed(unit, line, trace), again=isinstance(error, MAY_PASS) and not mistaken)
    run = outcome.artifact.path.relative_to(assignment.workspace.folder).as_posix()
    return Attempt(Done(unit, run, outcome.built, outcome.reason))


def _in_own_backbone(error: Exception, assignment: Assignment) -> str:
    """Where in the files of a user's own backbone an error came up; empty where it did not."""
    try:
        own = own_files(assignment.run().recipe)
    except (UserError, SyntaxError):  # the module cannot be read: the error is about that
        return ""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if own and Path(frame.filename) in own]
    return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else ""
