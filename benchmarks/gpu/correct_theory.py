"""Exact solutions and the reduced flow on the default device, against the same code on the CPU."""

import time
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.gaussian_inputs import gaussian_setting
from benchmarks.gpu.report import Report, within
from benchmarks.gpu.setting import Setting
from simulations.gradient_flow import solve
from simulations.sampling import Dimensions, sample_problem
from theory.fine_tuning import one_active_unit, one_id_direction
from theory.problem import Problem
from theory.reduction import FlowState, id_risk, ood_risk, reduce

#: The solvers' own accuracy: both stay within 1e-9 of exact solutions.
AGREEMENT = 1e-9
LIMIT_BOUNDS = {"largest_difference": AGREEMENT, "largest_id_risk": AGREEMENT**2}


def measure(report: Report, setting: Setting) -> None:
    count = 50 if setting.small else 100_000
    for name, limit, sizes in (
        ("one ID direction", one_id_direction.limit, Dimensions(input_dim=5, feature_dim=2, id_dim=1)),
        ("one active unit", one_active_unit.limit, Dimensions(input_dim=8, feature_dim=1, id_dim=4)),
    ):
        if not report.has(f"exact: {name}"):
            report.measure(f"exact: {name}", lambda limit=limit, sizes=sizes: _exact(limit, sizes, count), seconds=5)
    for condition in (None, 300.0):
        name = "Gaussian inputs" if condition is None else f"condition {condition:g}"
        if report.has(f"reduced flow: {name}"):
            continue
        report.measure(f"reduced flow: {name}", lambda c=condition: _flow(c, small=setting.small), seconds=10)


def _exact(limit: Any, sizes: Dimensions, count: int) -> dict[str, Any]:
    """Limits of random problems: the states, and their risks in and out of distribution."""

    def draw(key: jax.Array) -> Problem:
        options = {"feature_error": 0.1, "truth_norm": 1.0, "head_scale": 1.0}
        return sample_problem(sizes, jnp.full(1, 0.7), jnp.ones(sizes.id_dim), **options, key=key)

    def state(problem: Problem) -> Limit:
        reduced = reduce(problem, compress=False)
        network = limit(reduced)
        return Limit(network, ood_risk(network, reduced), id_risk(network, reduced))

    with jax.default_device(jax.devices("cpu")[0]):
        problems = jax.jit(jax.vmap(draw))(jax.random.split(jax.random.key(0), count))
        expected, _ = _timed(jax.jit(jax.vmap(state)), problems)
    limits, seconds = _timed(jax.jit(jax.vmap(state)), jax.device_put(problems, jax.devices()[0]))
    return within({"problems": count, "seconds": seconds, **compared(limits, expected)}, LIMIT_BOUNDS)


class Limit(NamedTuple):
    """Where fine-tuning ends, at zero training loss."""

    state: FlowState
    ood_risk: jax.Array
    id_risk: jax.Array


def compared(actual: Limit, expected: Limit) -> dict[str, float]:
    """State and OOD risk against each other; the ID risk, which is 0, against the truth's squared norm, which is 1.

    Two ID risks are both squares of rounding errors, and may differ by as much as they are.
    """
    return {
        "largest_difference": _apart(actual[:2], expected[:2]),
        "largest_id_risk": float(np.max(actual.id_risk)),
    }


def _timed(function: Any, *arguments: Any) -> tuple[Any, float]:
    """The second call, which does not compile."""
    jax.block_until_ready(function(*arguments))
    began = time.perf_counter()
    outputs = jax.block_until_ready(function(*arguments))
    return outputs, time.perf_counter() - began


def _flow(condition: float | None, *, small: bool) -> dict[str, Any]:
    """Fine-tuning followed to infinity from the same problem, on both."""
    d, k, n = (60, 4, 12) if small else (2_000, 20, 400)
    seconds, risks = {}, {}
    times = np.concatenate([[0.0], np.geomspace(1e-2, 1e4, 8), [np.inf]])
    for name, device in (("device", jax.devices()[0]), ("cpu", jax.devices("cpu")[0])):
        with jax.default_device(device):
            truth, pretrained, inputs = gaussian_setting(d, k, n, condition=condition)
            problem = Problem.from_inputs(truth, pretrained, inputs)
            trajectory, seconds[name] = _timed(lambda problem=problem: solve(problem, "fine_tuning", times))
            risks[name] = (trajectory.ood_risk, trajectory.training_loss)
    values = {"seconds": seconds, "largest_difference": _apart(risks["device"], risks["cpu"])}
    return within(values, {"largest_difference": AGREEMENT})


def _apart(actual: Any, expected: Any) -> float:
    """Largest difference, relative to the largest value of its array."""
    pairs = zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True)
    return max(float(np.max(np.abs(np.asarray(a) - np.asarray(b))) / np.max(np.abs(np.asarray(b)))) for a, b in pairs)
