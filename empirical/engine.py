"""Runs a suite: everything that the plan names, round by round, until finished runs name nothing new."""

from collections.abc import Generator
from contextlib import closing
from typing import NamedTuple

from artifacts import ArgumentError
from artifacts.directory import UP_TO_DATE
from artifacts.files import write_json
from artifacts.progress import Progress, silent
from empirical.benchmark.ledger import Ledger
from empirical.benchmark.plan import plan
from empirical.benchmark.suite import Suite, open_suite
from empirical.benchmark.unit_filter import Only
from empirical.benchmark.units import Unit
from empirical.benchmark.workspace import Workspace
from empirical.executors import Done, Executor, Failed, local
from empirical.records import Benchmark, SetAside
from empirical.results.collect import collect
from empirical.results.older import replace_benchmark
from empirical.results.set_aside import SET_ASIDE_FILE

EVERYTHING = Only()


class SuiteOutcome(NamedTuple):
    """What a call had to do.

    Attributes:
      built: name of every unit that was made, and why.
      up_to_date: units that were found finished.
      kept: name of every unit that was kept though other versions made it, and which.
      set_aside: units that failed.
      stopped: whether `limit` ended it.
      tracebacks: of failed units whose error nobody foresaw, by the unit's name.
    """

    benchmark: Benchmark
    built: dict[str, str]
    up_to_date: int
    set_aside: list[SetAside]
    stopped: bool
    tracebacks: dict[str, str]
    kept: dict[str, str]


def run_suite(
    suite: Suite,
    workspace: Workspace,
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
      ArgumentError: `limit` is not positive.
      UserError: the folder holds another suite.
    """
    if limit is not None and limit < 1:
        raise ArgumentError(f"`limit` must be at least 1, got {limit}.")
    open_suite(workspace.folder, suite)
    ledger = Ledger(suite, workspace)
    outcomes: dict[Unit, Done | Failed] = {}
    built: dict[str, str] = {}
    stopped = False
    # Closed at once, whatever ends the loop: an executor lets its workers go.
    with closing(_rounds(ledger, executor, only, force, outcomes)) as rounds:
        for unit, outcome, count in rounds:
            if isinstance(outcome, Done) and outcome.built:
                built[str(unit)] = outcome.reason
            progress(f"{len(outcomes)} of {count}: {unit}", len(outcomes) / count)
            if limit is not None and len(built) >= limit:
                stopped = True
                break
    failed = [SetAside(unit=str(end.unit), error=end.error) for end in outcomes.values() if isinstance(end, Failed)]
    write_json(workspace.folder / SET_ASIDE_FILE, [failure.model_dump() for failure in failed])
    benchmark = collect(ledger, set_aside=failed)
    replace_benchmark(workspace.folder, benchmark)
    up_to_date = sum(isinstance(end, Done) and not end.built for end in outcomes.values())
    kept = {
        str(end.unit): end.reason
        for end in outcomes.values()
        if isinstance(end, Done) and not end.built and end.reason != UP_TO_DATE
    }
    tracebacks = {
        str(end.unit): end.traceback for end in outcomes.values() if isinstance(end, Failed) and end.traceback
    }
    return SuiteOutcome(benchmark, built, up_to_date, failed, stopped, tracebacks, kept)


def _rounds(
    ledger: Ledger, executor: Executor, only: Only, force: bool, outcomes: dict[Unit, Done | Failed]
) -> Generator[tuple[Unit, Done | Failed, int], None, None]:
    """What became of every unit, with how many are known of; a round ends when all that it named are done."""
    while True:
        planned = only.select(ledger.runs(plan(ledger.suite, ledger.training).units), ledger.suite)
        fresh = [run for run in planned if run.unit not in outcomes]
        if not fresh:
            return
        with closing(executor(fresh, force=force)) as ends:
            for outcome in ends:
                outcomes[outcome.unit] = outcome
                ledger.forget(outcome.unit)
                yield outcome.unit, outcome, max(len(planned), len(outcomes))
        lost = [run for run in fresh if run.unit not in outcomes]
        if lost:
            raise RuntimeError(f"the executor must say what became of every unit, but not of {lost[0]}")
