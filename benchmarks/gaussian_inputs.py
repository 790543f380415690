"""The setting that the speed benchmarks share: Gaussian training inputs, as in the paper's intuition (section 3.1)."""

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from theory.networks import LinearNetwork

#: Relative training loss at which a trajectory counts as complete.
RELATIVE_LOSS = 1e-10


def gaussian_setting(
    input_dim: int,
    feature_dim: int,
    examples: int,
    *,
    condition: float | None = None,
    feature_error: float = 0.1,
    seed: int = 0,
) -> tuple[LinearNetwork, LinearNetwork, np.ndarray]:
    """Truth, pretrained network and inputs (n, d), scaled so that the squared singular values are of order 1.

    With a `condition` number the singular values are replaced by others, whose squares lie from 1 to 1 / condition,
    evenly in logarithm, as in inputs from nature. The pretrained features are the true ones with noise of Frobenius
    norm `feature_error` times theirs; heads of length about 1.
    """
    random = np.random.default_rng(seed)
    true_features = np.linalg.qr(random.standard_normal((input_dim, feature_dim)))[0].T
    noise = random.standard_normal(true_features.shape) / np.sqrt(input_dim)
    features = np.linalg.qr((true_features + feature_error * noise).T)[0]
    # QR fixes signs by convention; those of the true features are kept.
    features *= np.sign(np.sum(features * true_features.T, axis=0))
    heads = random.standard_normal((2, feature_dim)) / np.sqrt(feature_dim)
    inputs = random.standard_normal((examples, input_dim)) / np.sqrt(input_dim)
    if condition is not None:
        left, squares, right = np.linalg.svd(inputs, full_matrices=False)
        inputs = (left * np.geomspace(1.0, condition**-0.5, squares.size)) @ right
    true, start = (jax.numpy.asarray(head) for head in heads)
    return (
        LinearNetwork(head=true, features=jax.numpy.asarray(true_features)),
        LinearNetwork(head=start, features=jax.numpy.asarray(features.T)),
        inputs,
    )


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds on the wall clock, and what came out."""
    started = time.perf_counter()
    result = jax.block_until_ready(work())
    return time.perf_counter() - started, result


def processor_timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of processor time, all threads of this process together, and what came out: others count little."""
    started = time.process_time()
    result = jax.block_until_ready(work())
    return time.process_time() - started, result


def spread(seconds: list[float]) -> dict[str, float]:
    """Median and extremes of repeated timings."""
    return {
        "median_seconds": statistics.median(seconds),
        "fastest_seconds": min(seconds),
        "slowest_seconds": max(seconds),
    }


def peak_memory() -> float:
    """The most memory that this process has held so far, in GiB (resident set; Linux)."""
    with open("/proc/self/status") as status:
        peak = next(line for line in status if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 2**20


def load_average() -> float:
    """Processes that wanted a processor in the last minute: timings on a busy machine are worth less."""
    return os.getloadavg()[0]
