"""Part 2: the paper's methods on real photographs: `benchmarks/office.toml` through the project's own engine.

Amazon's pictures train, three other domains are OOD. One run comes first, alone: it compiles what all others find
compiled. Then comes one seed, as a whole benchmark with grids that extend themselves, so that what is finished when
time is up is a valid table of one seed; then come all seeds. `office.tar.gz`, a results folder with every finished run
but its weights, is written again and again; a later call with the same `--out` goes on from it.
"""

import json
import os
import shutil
import signal
import tarfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.gpu.programs import OPTIONS
from benchmarks.gpu.report import Report, Wrong
from benchmarks.gpu.setting import Setting
from empirical.benchmark.ledger import Ledger
from empirical.benchmark.run import Run
from empirical.benchmark.suite import Suite, open_suite
from empirical.benchmark.suite_file import read_suite_file
from empirical.benchmark.workspace import Workspace
from empirical.engine import run_suite
from empirical.executors import Done, Executor, Failed, Processes
from empirical.records import write_benchmark
from empirical.results.collect import collect
from empirical.tables import write_tables

FILE = Path(__file__).resolve().parents[1] / "office.toml"
WANTED = ("office_caltech", "mobilenet_v2_imagenet.npz")
ARCHIVE = "office.tar.gz"
#: Processes that share the GPU: while one reads, judges or writes, another computes.
WORKERS = 4
#: Files above this many bytes are weights, which nothing but a look at them needs.
LARGEST = 2**20
#: Seconds between two archives, and those that the last one and the tables need.
EVERY, CLOSING = 20.0, 20.0


def measure(report: Report, setting: Setting) -> None:
    absent = [name for name in WANTED if setting.data is None or not (setting.data / name).exists()]
    if absent:
        where = "--data names no folder" if setting.data is None else f"{setting.data} lacks {' and '.join(absent)}"
        report.leave_out("office", f"it needs {' and '.join(WANTED)}, but {where}")
        return
    workspace, suite = _prepared(setting)
    if not setting.small:
        # The workers, which are started later, find these.
        flags = (f"--{option}={value}".lower() for option, value in OPTIONS["mobilenet_v2"].items())
        os.environ["XLA_FLAGS"] = " ".join([os.environ.get("XLA_FLAGS", ""), *flags]).strip()
        os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    seeds = suite.recipes[0].seeds
    steps = (
        ("one run", _one_run(suite), 1),
        ("1 seeds", _with_seeds(suite, seeds[:1]), WORKERS),
        (f"{len(seeds)} seeds", suite, WORKERS),
    )
    for name, part, workers in steps:
        run = partial(_run, part, workspace, setting, Processes(min(workers, 2) if setting.small else workers))
        done = report.measure(name, run)
        if done is None or not done["complete"]:
            report.leave_out(f"{name}, complete", "time was up, or runs failed; the same command goes on from here")
            return


def _prepared(setting: Setting) -> tuple[Workspace, Suite]:
    """A folder with the suite's file, its data beside it as the file says, and what an earlier call left."""
    folder = setting.scratch / "office"
    folder.mkdir()
    shutil.copy(FILE, folder / FILE.name)
    assert setting.data is not None
    (folder / "data").symlink_to(setting.data, target_is_directory=True)
    archive = setting.out / ARCHIVE
    if archive.exists():
        with tarfile.open(archive) as stored:
            stored.extractall(folder / "runs", filter="data")
    suite = read_suite_file(folder / FILE.name)
    workspace = Workspace(folder=folder / "runs" / "benchmark", configuration=folder / FILE.name)
    return workspace, _smaller(suite) if setting.small else suite


def _smaller(suite: Suite) -> Suite:
    """One epoch of tiny pictures at one learning rate, two seeds."""
    recipe = suite.recipes[0]
    sweeps = tuple(sweep.model_copy(update={"learning_rates": (1e-4,), "extensions": 0}) for sweep in recipe.sweeps)
    shorter = {"sweeps": sweeps, "seeds": (0, 1), "epochs": 1, "pipelines": recipe.pipelines.at_side(32)}
    return suite.model_copy(update={"recipes": (recipe.model_copy(update=shorter),)})


def _one_run(suite: Suite) -> Suite:
    """FT at the middle of its grid, one seed; and the linear probe, which every suite has."""
    recipe = suite.recipes[0]
    sweep = recipe.sweeps[0]
    rate = sweep.learning_rates[len(sweep.learning_rates) // 2]
    alone = sweep.model_copy(update={"learning_rates": (rate,), "extensions": 0})
    shorter = {"sweeps": (alone,), "seeds": recipe.seeds[:1]}
    return suite.model_copy(update={"recipes": (recipe.model_copy(update=shorter),)})


def _with_seeds(suite: Suite, seeds: Sequence[int]) -> Suite:
    return suite.model_copy(update={"recipes": (suite.recipes[0].model_copy(update={"seeds": tuple(seeds)}),)})


def _run(suite: Suite, workspace: Workspace, setting: Setting, processes: Processes) -> dict[str, Any]:
    with processes.kept() as workers:
        return _run_by(workers, suite, workspace, setting)


def _run_by(workers: Executor, suite: Suite, workspace: Workspace, setting: Setting) -> dict[str, Any]:
    """As many runs as time allows, and the tables of what is finished."""
    open_suite(workspace.folder, suite)
    executor = UntilTimeIsUp(workers, setting.ends - CLOSING, lambda: _keep(workspace, setting))
    began, complete = time.time(), True
    failed: dict[str, str] = {}

    def progress(what: str, share: float) -> None:
        print(f"{time.time() - began:.0f} s: {what}", flush=True)

    try:
        outcome = run_suite(suite, workspace, executor=executor, progress=progress)
        failed = {failure.unit: failure.error for failure in outcome.set_aside}
    except TimeIsUp:
        complete = False
    benchmark = collect(Ledger(suite, workspace))
    write_benchmark(workspace.folder, benchmark)
    files = write_tables(benchmark, workspace.folder)
    _keep(workspace, setting)
    rows = [
        {"method": row.method, "norm_mode": row.norm_mode, "learning_rate": row.learning_rate, "edge": row.grid_edge,
         "id": row.id_accuracy, "ood": row.ood_accuracy,
         "sets": {name: measured.accuracy for name, measured in row.per_ood_set.items()}}
        for row in benchmark.rows
    ]  # fmt: skip
    values = {
        "complete": complete and not failed, "seeds": list(suite.recipes[0].seeds), "seconds": time.time() - began,
        "runs_made": executor.made, "set_aside": failed, "missing": len(benchmark.missing), "rows": rows,
        "runs": _finished(workspace),
        "tables": {path.name: path.read_text(encoding="utf-8") for path in files if path.suffix in (".csv", ".md")},
    }  # fmt: skip
    if failed:
        raise Wrong(f"{len(failed)} runs failed, the first of them {next(iter(failed.items()))}", values)
    return values


def _finished(workspace: Workspace) -> list[dict[str, Any]]:
    """Every finished probe and run by itself, those too that no row has yet."""
    paths = [path for kind in ("probes", "runs") for path in sorted(workspace.folder.glob(f"{kind}/*/result.json"))]
    records = [json.loads(path.read_bytes()) for path in paths]
    fields = ("method", "learning_rate", "penalty", "seed", "status", "selected_epoch", "seconds", "images_per_second")
    return [
        {name: record[name] for name in fields if name in record}
        | {"accuracy": {name: measured["accuracy"] for name, measured in record["sets"].items()}}
        for record in records
    ]


class TimeIsUp(Exception):
    """Ends a suite; what is finished is kept."""


@contextmanager
def ending(ends: float) -> Iterator[None]:
    """Raise `TimeIsUp` at that time, whatever is being waited for; in a main thread only."""

    def end(number: int, frame: Any) -> None:
        raise TimeIsUp

    if ends <= time.time():
        raise TimeIsUp
    former = signal.signal(signal.SIGALRM, end)
    began, rest = time.monotonic(), signal.setitimer(signal.ITIMER_REAL, ends - time.time())[0]
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
        if rest:  # somebody else's alarm goes on
            signal.setitimer(signal.ITIMER_REAL, max(rest - (time.monotonic() - began), 1e-3))


@dataclass
class UntilTimeIsUp:
    """An executor that finds finished runs, whose weights may be gone, without making them again, and stops in time."""

    inner: Executor
    ends: float
    keep: Any
    made: int = 0
    kept: float = 0.0

    def __call__(self, runs: Sequence[Run], *, force: bool) -> Generator[Done | Failed, None, None]:
        ledger = Ledger(runs[0].suite, runs[0].workspace)
        waiting = [run for run in runs if not ledger.finished(run.unit)]
        for run in runs:
            if ledger.finished(run.unit):
                yield Done(run.unit, run.id, False, "")
        if not waiting:
            return
        with ending(self.ends), closing(self.inner(waiting, force=force)) as outcomes:
            for outcome in outcomes:
                self.made += isinstance(outcome, Done)
                yield outcome
                if time.time() > self.kept + EVERY:
                    self.keep()
                    self.kept = time.time()


def _keep(workspace: Workspace, setting: Setting) -> None:
    """The runs without weights, in one file that is never half written."""
    partial = setting.scratch / ARCHIVE
    root = workspace.folder.parent
    with tarfile.open(partial, "w:gz", compresslevel=3) as stored:
        for path in sorted(workspace.folder.rglob("*")):
            inside = path.relative_to(workspace.folder)
            temporary = any(part.startswith(".") or part in ("states", "features") for part in inside.parts)
            if path.is_file() and not temporary and path.stat().st_size <= LARGEST:
                stored.add(path, path.relative_to(root))
    target = setting.out / ARCHIVE
    copy = target.with_name(f".partial-{ARCHIVE}")
    shutil.copy(partial, copy)
    copy.replace(target)
