"""Processor seconds of `solve_batch`, of the call that the experiments make, and of one problem after the other.

python -m benchmarks.many_problems
"""

import time
from collections.abc import Callable

from artifacts.runtime import prepare_jax

prepare_jax()

import equinox as eqx
import jax
import jax.numpy as jnp

from simulations import Dimensions, Numerics, equal_angles, sample_problem, solve, solve_batch, spread_eigenvalues
from simulations.integration import integrate
from theory.reduction import reduce

SIZES, PROBLEMS, ONE_BY_ONE = Dimensions(input_dim=12, feature_dim=2, id_dim=4), 200, 20
TIMES = jnp.array([0.0, 1.0, 10.0, jnp.inf])
NUMERICS = Numerics(rtol=1e-11)


def draw(key):
    return sample_problem(SIZES, equal_angles(SIZES, 0.8), spread_eigenvalues(4, 10.0), feature_error=0.1, key=key)


@eqx.filter_jit
def as_experiments_do(problems):
    return jax.vmap(lambda problem: integrate(reduce(problem), TIMES, lambda state: state, numerics=NUMERICS))(problems)


def seconds(call: Callable[[], object]) -> float:
    jax.block_until_ready(call())
    started = time.process_time()
    jax.block_until_ready(call())
    return time.process_time() - started


def main() -> None:
    problems = jax.vmap(draw)(jax.random.split(jax.random.key(0), PROBLEMS))
    together = seconds(lambda: solve_batch(problems, "fine_tuning", TIMES).id_risk)
    given = seconds(lambda: solve_batch(problems, "fine_tuning", TIMES, numerics=NUMERICS).id_risk)
    experiments = seconds(lambda: as_experiments_do(problems).observed)

    def alone():
        return [
            solve(jax.tree.map(lambda leaf, i=i: leaf[i], problems), "fine_tuning", TIMES).id_risk
            for i in range(ONE_BY_ONE)
        ]

    single = seconds(alone) * PROBLEMS / ONE_BY_ONE
    print(f"{PROBLEMS} problems, fine-tuning to its limit, compiled, processor seconds")
    print(f"solve_batch {together:.2f}, told how to integrate {given:.2f}; integrate under vmap {experiments:.2f}")
    print(f"one by one {single:.2f}")


if __name__ == "__main__":
    main()
