"""Problems per second of the exact solutions under vmap: `python benchmarks/exact_solutions.py [--out FILE]`.

One million problems with one ID direction, solved to infinite time in one call, with ID and OOD risk; and a hundred
thousand with one active unit. Medians over repeated calls of a compiled function; compilation is reported apart.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artifacts.runtime import prepare_jax

prepare_jax()

import jax
import jax.numpy as jnp
import tyro

from artifacts import environment
from artifacts.files import write_json
from simulations.sampling import Dimensions, sample_problem
from theory.fine_tuning import one_active_unit, one_id_direction
from theory.problem import Problem
from theory.reduction import ReducedProblem, id_risk, ood_risk, reduce


@dataclass(frozen=True, kw_only=True)
class ExactSolutions:
    """How many problems, how often."""

    one_id_direction: int = 1_000_000
    one_active_unit: int = 100_000
    repeats: int = 5
    seed: int = 0
    out: Path | None = None
    """JSON file to write; standard output where absent."""


def problems(dimensions: Dimensions, count: int, *, seed: int) -> Problem:
    """Random problems, leading axis first."""

    def draw(key: jax.Array) -> Problem:
        return sample_problem(
            dimensions,
            jnp.full(1, 0.7),
            jnp.ones(dimensions.id_dim),
            feature_error=0.1,
            truth_norm=1.0,
            head_scale=1.0,
            key=key,
        )

    return jax.jit(jax.vmap(draw))(jax.random.split(jax.random.key(seed), count))


def measured(
    solve: Callable[[ReducedProblem], Any], dimensions: Dimensions, count: int, *, repeats: int, seed: int
) -> dict[str, float]:
    """Seconds of one call on `count` problems, and problems per second."""

    def risks(problem: Problem) -> tuple[jax.Array, jax.Array]:
        reduced = reduce(problem, compress=False)
        state = solve(reduced)
        return id_risk(state, reduced), ood_risk(state, reduced)

    drawn = problems(dimensions, count, seed=seed)
    started = time.perf_counter()
    compiled = jax.jit(jax.vmap(risks)).lower(drawn).compile()
    compiling = time.perf_counter() - started
    jax.block_until_ready(compiled(drawn))
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        jax.block_until_ready(compiled(drawn))
        seconds.append(time.perf_counter() - started)
    median = statistics.median(seconds)
    return {
        "problems": count,
        "compile_seconds": compiling,
        "median_seconds": median,
        "fastest_seconds": min(seconds),
        "slowest_seconds": max(seconds),
        "problems_per_second": count / median,
    }


def main(config: ExactSolutions) -> None:
    result = {
        "one_id_direction": measured(
            one_id_direction.limit,
            Dimensions(input_dim=5, feature_dim=2, id_dim=1),
            config.one_id_direction,
            repeats=config.repeats,
            seed=config.seed,
        ),
        "one_active_unit": measured(
            one_active_unit.limit,
            Dimensions(input_dim=8, feature_dim=1, id_dim=4),
            config.one_active_unit,
            repeats=config.repeats,
            seed=config.seed,
        ),
        "environment": environment(),
    }
    if config.out is None:
        json.dump(result, sys.stdout, indent=1)
    else:
        write_json(config.out, result)


if __name__ == "__main__":
    main(tyro.cli(ExactSolutions))
