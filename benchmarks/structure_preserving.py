"""An integrator on the group SO(1, m) against Dopri8: `python benchmarks/structure_preserving.py [--out FILE]`.

Fine-tuning is a path of Lorentz boosts, dZ/dt = Z K(q). The commutator-free method of order four by Celledoni,
Marthinsen and Owren (2003) multiplies Z by five boosts a step, so that Z J Z^T is conserved to rounding at every step
size. Beside it stand the classical Runge-Kutta method of the same order and cost in fields, at the same step sizes, and
the adaptive Dopri8 that `simulations.integration` uses. Errors are those of the state at the last time, relative to its
size.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from artifacts.runtime import prepare_jax

prepare_jax()

import jax
import jax.numpy as jnp
import numpy as np
import tyro
from gaussian_inputs import load_average, spread, timed

from artifacts import environment
from artifacts.files import write_json
from simulations.integration import Numerics, integrate
from simulations.sampling import Dimensions, sample_generic_angles, sample_problem, spread_eigenvalues
from theory.fine_tuning.flow import boost_direction, relative_drift, vector_field
from theory.fine_tuning.lorentz import boosted
from theory.reduction import FlowState, ReducedProblem, reduce


@dataclass(frozen=True, kw_only=True)
class StructurePreserving:
    """One random problem, and how it is integrated."""

    input_dim: int = 100
    feature_dim: int = 5
    id_dim: int = 20
    condition: float = 10.0
    last_time: float = 20.0
    steps: tuple[int, ...] = (100, 400, 1_600, 6_400, 25_600)
    tolerances: tuple[float, ...] = (1e-5, 1e-7, 1e-9, 1e-11)
    repeats: int = 5
    out: Path | None = None
    """JSON file to write; standard output where absent."""


Step = Callable[[FlowState, ReducedProblem, jax.Array], FlowState]


def lie_group_step(state: FlowState, reduced: ReducedProblem, h: jax.Array) -> FlowState:
    """Order four, four fields, five boosts."""
    drive = partial(boost_direction, reduced=reduced)
    k1 = h * drive(state)
    second = boosted(state, k1 / 2)
    k2 = h * drive(second)
    k3 = h * drive(boosted(state, k2 / 2))
    k4 = h * drive(boosted(second, k3 - k1 / 2))
    half = boosted(state, k1 / 4 + k2 / 6 + k3 / 6 - k4 / 12)
    return boosted(half, -k1 / 12 + k2 / 6 + k3 / 6 + k4 / 4)


def classical_step(state: FlowState, reduced: ReducedProblem, h: jax.Array) -> FlowState:
    """The Runge-Kutta method of order four."""

    def moved(change: FlowState, share: float) -> FlowState:
        return jax.tree.map(lambda now, by: now + share * h * by, state, change)

    k1 = vector_field(state, reduced)
    k2 = vector_field(moved(k1, 0.5), reduced)
    k3 = vector_field(moved(k2, 0.5), reduced)
    k4 = vector_field(moved(k3, 1.0), reduced)
    return jax.tree.map(lambda now, a, b, c, e: now + h / 6 * (a + 2 * b + 2 * c + e), state, k1, k2, k3, k4)


@partial(jax.jit, static_argnames=("step", "steps"))
def fixed_steps(reduced: ReducedProblem, last_time: jax.Array, step: Step, steps: int) -> FlowState:
    """The state after equal steps."""
    return jax.lax.fori_loop(0, steps, lambda _, state: step(state, reduced, last_time / steps), reduced.start)


@partial(jax.jit, static_argnames="rtol")
def adaptive(reduced: ReducedProblem, last_time: jax.Array, rtol: float) -> FlowState:
    """The state by the integrator that the project uses."""
    run = integrate(reduced, last_time[None], lambda state: state, numerics=Numerics(rtol=rtol))
    return jax.tree.map(lambda leaf: leaf[0], run.observed)


def main(config: StructurePreserving) -> None:
    dimensions = Dimensions(input_dim=config.input_dim, feature_dim=config.feature_dim, id_dim=config.id_dim)
    problem = sample_problem(
        dimensions,
        sample_generic_angles(dimensions, key=jax.random.key(0)),
        spread_eigenvalues(config.id_dim, config.condition),
        feature_error=0.1,
        key=jax.random.key(1),
    )
    reduced, last_time = reduce(problem, compress=True), jnp.asarray(config.last_time)
    exact = adaptive(reduced, last_time, 1e-13)
    size = float(jnp.sqrt(sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(exact))))

    def row(work: Callable[[], FlowState], **setting: Any) -> dict[str, Any]:
        state = work()
        difference = jax.tree.map(lambda integrated, solved: jnp.sum((integrated - solved) ** 2), state, exact)
        return {
            **setting,
            "relative_error": float(jnp.sqrt(sum(jax.tree.leaves(difference)))) / size,
            "drift": float(relative_drift(state, reduced.start)),
            **spread([timed(work)[0] for _ in range(config.repeats)]),
        }

    result: dict[str, Any] = {
        name: [row(partial(fixed_steps, reduced, last_time, step, count), steps=count) for count in config.steps]
        for name, step in (("lie_group_order_4", lie_group_step), ("runge_kutta_order_4", classical_step))
    }
    result["dopri8"] = [row(partial(adaptive, reduced, last_time, rtol), rtol=rtol) for rtol in config.tolerances]
    orders = [entry["relative_error"] for entry in result["lie_group_order_4"]]
    result["observed_order"] = float(np.log(orders[0] / orders[1]) / np.log(config.steps[1] / config.steps[0]))
    result |= {"load_average": load_average(), "environment": environment()}
    if config.out is None:
        json.dump(result, sys.stdout, indent=1)
    else:
        write_json(config.out, result)


if __name__ == "__main__":
    main(tyro.cli(StructurePreserving))
