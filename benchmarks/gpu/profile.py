"""Where the time of a program goes: JAX's profiler, summed by operation and by kind of operation."""

import re
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax

STEPS = 5
MOST = 20
#: Kinds by a mark in the name of a kernel or operation, in the order in which they are looked for.
KINDS = (
    ("attention", re.compile(r"attention|fmha|flash|sdpa|softmax", re.IGNORECASE)),  # cuDNN's too
    ("convolution", re.compile(r"conv|cudnn|fprop|dgrad|wgrad|implicit", re.IGNORECASE)),
    ("matrix product", re.compile(r"gemm|cublas|dot|matmul|nvjet|cutlass", re.IGNORECASE)),
    ("reduction", re.compile(r"reduce|reduction", re.IGNORECASE)),
    ("copy, transposition", re.compile(r"copy|transpose|memcpy|memset", re.IGNORECASE)),
    ("fusion", re.compile(r"fusion|loop|elementwise|input_|wrapped|triton", re.IGNORECASE)),
)


def profiled(run: Callable[[int], None], folder: Path) -> dict[str, Any]:
    """Milliseconds a step on the device, by kind and by the longest operations; the rest of the step is idle."""
    run(1)
    with jax.profiler.trace(str(folder)):
        began = time.perf_counter()
        run(STEPS)
        wall = time.perf_counter() - began
    path = max(folder.rglob("*.xplane.pb"), key=lambda trace: trace.stat().st_mtime)
    spent = _spent(_planes(path))
    if not spent:
        lines = [f"{plane.name}: {[line.name for line in plane.lines]}" for plane in _planes(path)]
        raise RuntimeError(f"the profile must show operations of the device, but its lines are {'; '.join(lines)}")
    kinds: dict[str, float] = defaultdict(float)
    for name, nanoseconds in spent.items():
        kinds[_kind(name)] += nanoseconds
    each = 1e-6 / STEPS
    longest = sorted(spent.items(), key=lambda item: -item[1])[:MOST]
    return {
        "milliseconds_a_step": 1e3 * wall / STEPS,
        "busy_milliseconds_a_step": each * sum(spent.values()),
        "by_kind": {name: each * total for name, total in sorted(kinds.items(), key=lambda item: -item[1])},
        "longest": {name[:120]: each * total for name, total in longest},
    }


def _planes(path: Path) -> list[Any]:
    return list(jax.profiler.ProfileData.from_file(str(path)).planes)


def _spent(planes: list[Any]) -> dict[str, float]:
    """Nanoseconds by operation: of kernels on a GPU's streams, on a CPU of XLA's own threads."""
    spent: dict[str, float] = defaultdict(float)
    devices = [plane for plane in planes if plane.name.startswith("/device:GPU")]
    for plane in devices or [plane for plane in planes if plane.name.startswith("/host:CPU")]:
        for line in plane.lines:
            # A GPU's other lines repeat the same time by module or by source line.
            if devices and not line.name.startswith("Stream"):
                continue
            if not devices and "XLA" not in line.name and "tf_" not in line.name:
                continue
            for event in line.events:
                if "::" not in event.name or devices:  # the runtime's own waiting, on a CPU
                    spent[event.name] += event.duration_ns
    return dict(spent)


def _kind(name: str) -> str:
    return next((kind for kind, mark in KINDS if mark.search(name)), "other")
