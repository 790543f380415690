"""Who does the work: the seam between a suite and the machines that run it.

An executor is given units and yields what became of each, in any order. It must begin a unit only when the units that
it depends on (`units.dependencies`) and that were given with it are done, and must yield `Failed` for those whose
dependency failed. Everything else is the same for all executors: a worker calls `run_unit` with a unit and places, both
small and JSON-able, and returns the run's id; units are idempotent, so giving one out twice costs nothing but time.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from artifacts import UserError
from empirical.suite.places import Places
from empirical.suite.suite import Suite
from empirical.suite.units import Unit, dependencies
from empirical.suite.work import run_unit


class Done(NamedTuple):
    """`built` is False where the run was up to date; `reason` says why it was made."""

    unit: Unit
    run: str
    built: bool
    reason: str


class Failed(NamedTuple):
    """Set aside: the rest goes on without it."""

    unit: Unit
    error: str


@runtime_checkable
class Executor(Protocol):
    def __call__(
        self, units: Sequence[Unit], suite: Suite, places: Places, *, force: bool
    ) -> Iterator[Done | Failed]: ...


def local(units: Sequence[Unit], suite: Suite, places: Places, *, force: bool) -> Iterator[Done | Failed]:
    """One after another, in this process."""
    failed: set[Unit] = set()
    for unit in units:
        broken = next((one for one in dependencies(unit, suite) if one in failed), None)
        outcome = Failed(unit, f"needs what failed ({broken})") if broken else attempted(unit, places, force=force)
        if isinstance(outcome, Failed):
            failed.add(unit)
        yield outcome


def attempted(unit: Unit, places: Places, *, force: bool) -> Done | Failed:
    """A unit run here; what goes wrong is said in one line and stops nobody else."""
    try:
        outcome = run_unit(unit, places, force=force)
    except UserError as error:
        return Failed(unit, " ".join(str(error).split()))
    except Exception as error:
        return Failed(unit, " ".join(f"{type(error).__name__}: {error}".split()))
    run = outcome.artifact.path.relative_to(places.folder).as_posix()
    return Done(unit, run, outcome.built, outcome.reason)
