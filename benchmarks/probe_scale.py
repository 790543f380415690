"""The linear probe on large sets: `python -m benchmarks.probe_scale [--examples 10000 20000] [--out FILE]`.

Features of 2,048 numbers and 30 classes, as Entity-30 has them with 154,263 examples, drawn as in
`benchmarks/linear_probe.py`. Every measurement is a process of its own that reads its features from a file: seconds of
the clock and of the processor, and peak memory. `kept` and `streamed` are the two ways of the exact solver, which the
size of the set chooses otherwise. Memory is linear in the examples: the last two sizes say what any other takes.
"""

import json
import os
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from artifacts.runtime import prepare_jax

prepare_jax()

import numpy as np
import tyro

from artifacts import environment
from artifacts.files import write_json
from benchmarks.apart import apart

#: Of Entity-30's training set.
EXAMPLES = 154_263
Way = Literal["kept", "streamed", "scikit_learn"]


@dataclass(frozen=True, kw_only=True)
class ProbeScale:
    """How large, and in which ways."""

    examples: tuple[int, ...] = (10_000, 20_000)
    features: int = 2048
    classes: int = 30
    penalties: tuple[float, ...] = (1e-4, 1e-2, 1.0)
    ways: tuple[Way, ...] = ("kept", "streamed", "scikit_learn")
    out: Path | None = None
    """File for the result; standard output by default."""


def drawn(folder: Path, examples: int, config: ProbeScale) -> Path:
    """Features and labels in a file, drawn in a process of its own."""
    path = folder / f"{examples}.npz"
    apart(_draw, path, examples, config.features, config.classes)
    return path


def _draw(path: Path, examples: int, features: int, classes: int) -> dict[str, Any]:
    from benchmarks.linear_probe import ProbeBenchmark, sample

    settings = ProbeBenchmark(examples=examples, features=features, classes=classes, out=path)
    drawn = sample(settings, "overlapping")
    np.savez(path, features=drawn.features, labels=drawn.labels)
    return {}


def solved(path: Path, way: Way, classes: int, penalties: tuple[float, ...]) -> dict[str, Any]:
    """One path, in this process."""
    from empirical.linear_probe import Features, probe_path, streamed

    with np.load(path) as file:
        training = Features(file["features"], file["labels"])
    before = _peak()
    streamed.LARGEST_KEPT = 0 if way == "streamed" else sys.maxsize
    solver = "faithful" if way == "scikit_learn" else "exact"
    clock, processor = time.perf_counter(), time.process_time()
    path_found = probe_path(training, classes=classes, penalties=penalties, solver=solver)
    return {
        "clock": round(time.perf_counter() - clock, 1),
        "processor": round(time.process_time() - processor, 1),
        "peak_gib": round(_peak(), 3),
        "features_loaded_gib": round(before, 3),
        "objectives": [probe.objective for probe in path_found],
        "converged": all(probe.converged for probe in path_found),
    }


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _extrapolated(sizes: list[dict[str, Any]], way: Way) -> float | None:
    """Peak memory with all of Entity-30's examples, on the line through the last two sizes."""
    known = [(size["examples"], size[way]["peak_gib"]) for size in sizes if way in size]
    if len(known) < 2:
        return None
    (fewer, low), (more, high) = known[-2:]
    return round(high + (high - low) / (more - fewer) * (EXAMPLES - more), 2)


def main(config: ProbeScale) -> None:
    sizes: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as temporary:
        for examples in config.examples:
            path = drawn(Path(temporary), examples, config)
            size: dict[str, Any] = {"examples": examples}
            for way in config.ways:
                size[way] = apart(solved, path, way, config.classes, config.penalties)
                print(examples, way, json.dumps(size[way]), file=sys.stderr, flush=True)
            sizes.append(size)
            path.unlink()
    result = {
        "features": config.features,
        "classes": config.classes,
        "penalties": config.penalties,
        "sizes": sizes,
        "extrapolated_gib": {way: _extrapolated(sizes, way) for way in config.ways},
        "load_average": os.getloadavg()[0],
        "environment": environment(),
    }
    if config.out is None:
        json.dump(result, sys.stdout, indent=1)
    else:
        write_json(config.out, result)


if __name__ == "__main__":
    main(tyro.cli(ProbeScale))
