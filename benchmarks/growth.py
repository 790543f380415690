"""How time and memory grow with d, n, k and m: `python benchmarks/growth.py [--out FILE]`.

Each size is varied with the others fixed: decomposition of the inputs, then one compiled solve of fine-tuning from
start to limit, with ID and OOD risk at 50 times; medians of repeats. Memory is what the compiled solve needs beside its
inputs, as XLA reports it. After the decomposition neither should grow with d or n.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from artifacts.runtime import prepare_jax

prepare_jax()

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import tyro
from gaussian_inputs import gaussian_setting, load_average, spread, timed

from artifacts import environment
from artifacts.files import write_json
from simulations.gradient_flow import starting_point
from simulations.integration import Numerics, integrate
from simulations.trajectory import Observer
from theory.problem import Problem


@dataclass(frozen=True, kw_only=True)
class Growth:
    """Sizes that are varied, one at a time, about the first of each."""

    input_dims: tuple[int, ...] = (1_000, 4_000, 16_000)
    examples: tuple[int, ...] = (1_600, 6_400, 25_600)
    """At least four times the largest ID dimension: inputs are well conditioned throughout, and only sizes vary."""
    feature_dims: tuple[int, ...] = (10, 40, 160)
    id_dims: tuple[int, ...] = (100, 200, 400)
    repeats: int = 5
    out: Path | None = None
    """JSON file to write; standard output where absent."""


def measured(d: int, n: int, k: int, m: int, repeats: int) -> dict[str, float]:
    """One size: n examples on an m-dimensional subspace."""
    truth, pretrained, _ = gaussian_setting(d, k, 1)
    random = np.random.default_rng(1)
    inputs = random.standard_normal((n, m)) @ np.linalg.qr(random.standard_normal((d, m)))[0].T / np.sqrt(n)
    decomposing, problem = timed(lambda: Problem.from_inputs(truth, pretrained, inputs))
    reduced = starting_point(problem, "fine_tuning")
    observer = Observer.of(problem, reduced)
    # What the loop does not need is dropped, as `jit` does for every array that is not used.
    small = eqx.tree_at(lambda problem: problem.id_basis, reduced, jnp.zeros((0, m)))
    observer = eqx.tree_at(lambda watcher: watcher.reduced, observer, small)
    times = jnp.concatenate([jnp.zeros(1), jnp.logspace(-2, 2, 48), jnp.full(1, jnp.inf)])
    compiled = jax.jit(lambda start, see, at: integrate(start, at, see, numerics=Numerics())).lower(
        small, observer, times
    )
    solve = compiled.compile()
    solution = solve(small, observer, times)
    assert bool(solution.succeeded)
    seconds = [timed(lambda: solve(small, observer, times))[0] for _ in range(repeats)]
    return {
        "d": d,
        "n": n,
        "k": k,
        "m": m,
        "decomposition_seconds": decomposing,
        "steps": int(solution.steps),
        "solve_mib": solve.memory_analysis().temp_size_in_bytes / 2**20,
        **spread(seconds),
    }


def main(config: Growth) -> None:
    d, n, k, m = config.input_dims[0], config.examples[0], config.feature_dims[0], config.id_dims[0]
    result = {
        "with_d": [measured(value, n, k, m, config.repeats) for value in config.input_dims],
        "with_n": [measured(d, value, k, m, config.repeats) for value in config.examples],
        "with_k": [measured(d, n, value, m, config.repeats) for value in config.feature_dims],
        "with_m": [measured(d, n, k, value, config.repeats) for value in config.id_dims],
        "load_average": load_average(),
        "environment": environment(),
    }
    if config.out is None:
        json.dump(result, sys.stdout, indent=1)
    else:
        write_json(config.out, result)


if __name__ == "__main__":
    main(tyro.cli(Growth))
