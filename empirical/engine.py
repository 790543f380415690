"""Runs a suite: everything that the plan names, round by round, until finished runs name nothing new."""

import json
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from artifacts import UserError
from artifacts.files import write_json
from empirical.benchmark.ledger import Ledger
from empirical.benchmark.plan import plan
from empirical.benchmark.suite import Suite, open_suite
from empirical.benchmark.unit_filter import Only
from empirical.benchmark.units import Unit
from empirical.benchmark.workspace import Places
from empirical.executors import Done, Executor, Failed, local
from empirical.records import Benchmark, SetAside
from empirical.results.collect import collect, write_benchmark

Progress = Callable[[str, float], None]
SET_ASIDE_FILE = "set_aside.json"
EVERYTHING = Only()


def silent(message: str, fraction: float) -> None:
    """Progress that nobody wants to hear."""


class SuiteOutcome(NamedTuple):
    """What a call had to do.

    Attributes:
      built: name of every unit that was made, and why.
      up_to_date: units that were found finished.
      set_aside: units that failed.
      stopped: whether `limit` ended it.
    """

    benchmark: Benchmark
    built: dict[str, str]
    up_to_date: int
    set_aside: list[SetAside]
    stopped: bool


def run_suite(
    suite: Suite,
    places: Places,
    *,
    executor: Executor = local,
    only: Only = EVERYTHING,
    limit: int | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> SuiteOutcome:
    """Bring a suite's folder up to date and write its `benchmark.json`.

    Args:
      only: which units; what they depend on is run too.
      limit: how many units are made at most.
      force: make again what is up to date.
    Raises:
      UserError: the folder holds another suite, or `limit` is not positive.
    """
    if limit is not None and limit < 1:
        raise UserError(f"`limit` must be at least 1, got {limit}.")
    open_suite(places.folder, suite)
    ledger = Ledger(suite, places.folder)
    outcomes: dict[Unit, Done | Failed] = {}
    built: dict[str, str] = {}
    stopped = False
    # Closed at once, whatever ends the loop: an executor lets its workers go.
    with closing(_rounds(ledger, places, executor, only, force, outcomes)) as rounds:
        for unit, outcome, count in rounds:
            if isinstance(outcome, Done) and outcome.built:
                built[str(unit)] = outcome.reason
            progress(f"{len(outcomes)} of {count}: {unit}", len(outcomes) / count)
            if limit is not None and len(built) >= limit:
                stopped = True
                break
    failed = [SetAside(unit=str(one.unit), error=one.error) for one in outcomes.values() if isinstance(one, Failed)]
    write_json(places.folder / SET_ASIDE_FILE, [one.model_dump() for one in failed])
    benchmark = collect(ledger, set_aside=failed)
    write_benchmark(places.folder, benchmark)
    found = sum(isinstance(one, Done) and not one.built for one in outcomes.values())
    return SuiteOutcome(benchmark, built, found, failed, stopped)


def _rounds(
    ledger: Ledger, places: Places, executor: Executor, only: Only, force: bool, outcomes: dict[Unit, Done | Failed]
) -> Generator[tuple[Unit, Done | Failed, int], None, None]:
    """What became of every unit, with how many are known of; a round ends when all that it named are done."""
    while True:
        planned = only.select(plan(ledger.suite, ledger.run).units, ledger.suite)
        fresh = [unit for unit in planned if unit not in outcomes]
        if not fresh:
            return
        with closing(executor(fresh, ledger.suite, places, force=force)) as found:
            for outcome in found:
                outcomes[outcome.unit] = outcome
                ledger.forget(outcome.unit)
                yield outcome.unit, outcome, max(len(planned), len(outcomes))
        lost = [unit for unit in fresh if unit not in outcomes]
        if lost:
            raise RuntimeError(f"the executor must say what became of every unit, but not of {lost[0]}")


def read_set_aside(folder: Path) -> list[SetAside]:
    """What failed in the last call; nothing where there was none."""
    path = folder / SET_ASIDE_FILE
    if not path.exists():
        return []
    try:
        return [SetAside.model_validate(one) for one in json.loads(path.read_bytes())]
    except (ValueError, TypeError) as error:
        raise UserError(
            f"{path} must list units that were set aside, but cannot be read; run the suite again."
        ) from error
