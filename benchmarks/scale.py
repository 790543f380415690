"""What planner, executors, publishing, `status`, `collect` and `report` cost when there are many runs.

`python -m benchmarks.scale [--recipes 10 100] [--reading] [--folder DIRECTORY] [--out FILE]`. Runs train nothing
(`no_op_runs`); a recipe has a thousand. With `--reading` they are only written, by one process, and then read and held
against their hashes by `status`, `collect` and `report`. Each step is a process of its own: `cpu` seconds are those of
its processor time, its children's included, which other work on the machine lengthens little; `clock` seconds are those
of the clock. Where the folder is decides what writing costs: `file_system` says it.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro

from artifacts import environment
from artifacts.files import write_json
from artifacts.runtime import prepare_jax
from benchmarks.apart import apart

RATES, SEEDS = 25, 10
RUNS_A_RECIPE = 4 * RATES * SEEDS + SEEDS + 1


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How many, and where."""

    recipes: tuple[int, ...] = (10, 100)
    """Sizes of suites, in thousands of runs."""
    reading: bool = False
    """Measure what reads and verifies; leave out what makes runs."""
    folder: Path | None = None
    """Where the runs are written; by default the system's temporary folder."""
    out: Path | None = None
    """File for the result; standard output by default."""


def step(work: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
    """Run in a process of its own: its times, its peak memory, and what it returns."""
    return apart(_measured, work, arguments)


def _measured(work: Callable[..., Any], arguments: tuple[Any, ...]) -> dict[str, Any]:
    import empirical.engine  # noqa: F401  not part of what is measured

    before = _memory()
    clock, cpu = time.perf_counter(), _cpu()
    said = work(*arguments)
    return {"clock": round(time.perf_counter() - clock, 2), "cpu": round(_cpu() - cpu, 2),
            "peak_mib_more": round(_memory() - before, 1), **said}  # fmt: skip


def _cpu() -> float:
    """Of this process and of children that have ended."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def planned(folder: Path, recipes: int) -> dict[str, Any]:
    from benchmarks.no_op_runs import no_op_suite
    from empirical import Ledger, Workspace, open_suite, plan

    suite = no_op_suite(recipes, rates=RATES, seeds=SEEDS)
    open_suite(folder, suite)
    return {"units": len(plan(suite, Ledger(suite, Workspace(folder=folder)).training).units)}


def made(folder: Path, processes: int) -> dict[str, Any]:
    """Everything that is missing, from planning to collecting."""
    from benchmarks.no_op_runs import no_op
    from empirical import Workspace, read_suite, run_suite
    from empirical.executors import Processes

    outcome = run_suite(read_suite(folder), Workspace(folder=folder), executor=Processes(processes, work=no_op))
    assert not outcome.set_aside, outcome.set_aside[0]
    return {"made": len(outcome.built), "up_to_date": outcome.up_to_date}


def made_in_process(folder: Path, recipe: int) -> dict[str, Any]:
    """The runs of one recipe, by the executor alone."""
    from benchmarks.no_op_runs import no_op
    from empirical.executors import InProcess

    return _given_to(InProcess(no_op), folder, recipe)


def made_by_dask(folder: Path, recipe: int) -> dict[str, Any]:
    from distributed import LocalCluster

    from benchmarks.no_op_runs import no_op
    from empirical.executors import DaskWorkers

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        return _given_to(DaskWorkers(cluster.scheduler_address, work=no_op), folder, recipe)


def _given_to(executor: Any, folder: Path, recipe: int) -> dict[str, Any]:
    from empirical import Ledger, Workspace, plan, read_suite

    suite = read_suite(folder)
    ledger = Ledger(suite, Workspace(folder=folder))
    units = [unit for unit in plan(suite, ledger.training).units if unit.recipe == f"recipe{recipe:03d}"]
    clock, cpu = time.perf_counter(), _cpu()
    outcomes = list(executor(ledger.runs(units), force=False))
    assert all(outcome.built for outcome in outcomes)
    return {"made": len(outcomes), "clock": round(time.perf_counter() - clock, 2), "cpu": round(_cpu() - cpu, 2)}


def status(results: Path) -> dict[str, Any]:
    from distort.bench_plan import StatusCommand

    shares = StatusCommand(results=results)().document.runs
    return {"finished": sum(share.finished for share in shares)}


def collected(results: Path) -> dict[str, Any]:
    from distort.bench_run import Collect

    rows = Collect(results=results)().document
    return {"rows": len(rows)}


def reported(results: Path) -> dict[str, Any]:
    from distort.report import ReportCommand

    page = ReportCommand(results=results)().document["report"]
    return {"page_mib": round(Path(page).stat().st_size / 2**20, 1)}


def written(folder: Path) -> dict[str, Any]:
    """Every run, by the executor of one process alone."""
    from benchmarks.no_op_runs import no_op
    from empirical import Ledger, Workspace, plan, read_suite
    from empirical.executors import InProcess

    suite = read_suite(folder)
    ledger = Ledger(suite, Workspace(folder=folder))
    runs = ledger.runs(plan(suite, ledger.training).units)
    return {"made": sum(end.built for end in InProcess(no_op)(runs, force=False))}


def read(results: Path) -> dict[str, Any]:
    """What verifies all that it prints; none of it may find a run that is missing."""
    return {"status": step(status, results), "collect": step(collected, results), "report": step(reported, results)}


def measure(results: Path, recipes: int, *, reading: bool) -> dict[str, Any]:
    from artifacts import open_results_folder

    folder = open_results_folder(results) / "benchmark"
    figures: dict[str, Any] = {"runs": recipes * RUNS_A_RECIPE, "recipes": recipes}
    figures["plan"] = step(planned, folder, recipes)
    if reading:
        figures["written"] = step(written, folder)
        return figures | read(results)
    figures["dask_two_workers"] = step(made_by_dask, folder, 0)
    figures["in_process"] = step(made_in_process, folder, 1)
    figures["two_processes"] = step(made, folder, 2)
    figures |= read(results)
    for name in ("dask_two_workers", "in_process", "two_processes"):
        figures[name]["clock_ms_a_run"] = round(1000 * figures[name]["clock"] / figures[name]["made"], 2)
        figures[name]["cpu_ms_a_run"] = round(1000 * figures[name]["cpu"] / figures[name]["made"], 2)
    return figures


def main(config: Scale) -> None:
    with tempfile.TemporaryDirectory(dir=config.folder) as temporary:
        sizes = []
        for recipes in config.recipes:
            sizes.append(measure(Path(temporary) / str(recipes), recipes, reading=config.reading))
            print(json.dumps(sizes[-1]), file=sys.stderr, flush=True)
        kind = subprocess.run(["stat", "-f", "-c", "%T", temporary], capture_output=True, text=True, check=True)
    result = {"sizes": sizes, "file_system": kind.stdout.strip(), "cores": os.cpu_count(), "environment": environment()}
    if config.out is None:
        json.dump(result, sys.stdout, indent=1)
    else:
        write_json(config.out, result)


if __name__ == "__main__":
    prepare_jax()
    main(tyro.cli(Scale))
