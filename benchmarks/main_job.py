"""Where the main job's time goes: `python -m benchmarks.main_job [--scale quick] [--out FILE]`.

Two measurements, each with a cold compile cache. In one process, with one stage after another: seconds of every stage,
by kind. As a user calls it, with all its processes: seconds of the clock, of the processor and peak memory, of a first
call and of a second one that finds everything up to date.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro

from artifacts.files import write_json
from artifacts.runtime import compute_in_one_thread, prepare_jax, share_processors
from benchmarks.stage_times import StageTimes, listen, measured, processor_seconds
from distort.command import Scale


@dataclass(frozen=True, kw_only=True)
class MainJob:
    """Which job."""

    scale: Scale = "quick"
    profile: bool = True
    """Measure stage by stage in one process."""
    whole: bool = True
    """Measure the command with all its processes, and call it again."""
    out: Path | None = None
    """File for the result; standard output by default."""


def profiled(scale: Scale) -> dict[str, Any]:
    """Every stage in one process, which computes with one thread as each of several does."""
    prepare_jax()
    share_processors(os.cpu_count() or 1)
    stages: list[StageTimes] = []
    with measured("imports") as imports:
        import jax  # noqa: F401

        from distort.folder import held
        from distort.plan import plan
        from distort.reproduce import reproduce
        from distort.workers import _import_what_is_needed

        _import_what_is_needed()
        whole = plan(scale)
    stages.append(imports)
    compute_in_one_thread()  # before the first step, as workers do
    listen()

    def begin(stage: str) -> Any:
        return lambda message, fraction: None

    def run(steps: Sequence[Any]) -> list[Any]:
        results = []
        for step in steps:
            name = " ".join(str(part) for part in (step.func.__name__, *step.args[1:]) if isinstance(part, str | tuple))
            with measured(name[:80]) as stage:
                results.append(step(begin=begin))
            stages.append(stage)
        return results

    with tempfile.TemporaryDirectory() as folder, held(Path(folder) / "results") as results:
        reproduce(results, whole, run=run, begin=begin)
    return {"stages": [stage.document() for stage in stages], "total": _total(stages)}


def _total(stages: Sequence[StageTimes]) -> dict[str, Any]:
    documents = [stage.document() for stage in stages]
    return {
        key: round(sum(document[key] for document in documents), 2)  # type: ignore[misc]
        for key in documents[0]
        if key != "name"
    }


def called(scale: Scale) -> dict[str, Any]:
    """The command itself, twice."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_CACHE_HOME": f"{folder}/cache"}
        command = [sys.executable, "-m", "distort", "reproduce", "--scale", scale, "--out", f"{folder}/results"]
        return {name: _call(command, environment) for name in ("first", "second")}


def _call(command: Sequence[str], environment: dict[str, str]) -> dict[str, float]:
    clock, processor = time.perf_counter(), processor_seconds()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    return {
        "clock": round(time.perf_counter() - clock, 1),
        "processor": round(processor_seconds() - processor, 1),
        "largest_process_gib": round(largest, 2),
    }


def main(config: MainJob) -> None:
    before = os.getloadavg()[0]
    result: dict[str, Any] = {"scale": config.scale, "cores": os.cpu_count(), "load_before": round(before, 2)}
    if config.whole:
        result["command"] = called(config.scale)
    if config.profile:
        result["profile"] = profiled(config.scale)
    result["load_after"] = round(os.getloadavg()[0], 2)
    from artifacts import environment

    result["environment"] = environment()
    if config.out is None:
        json.dump(result, sys.stdout, indent=1)
    else:
        write_json(config.out, result)


if __name__ == "__main__":
    main(tyro.cli(MainJob))
