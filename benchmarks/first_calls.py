"""What a notebook waits for: the first call of each function with a problem, and the calls after it.

`python -m benchmarks.first_calls --out FILE` times, in this order and in one process, drawing a problem, its bounds and
its solutions: processor seconds of the first call, compiling included and nothing kept from before, and of one of the
calls that follow with other problems of the same shape.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from artifacts.runtime import prepare_jax

prepare_jax()

import jax
import jax.numpy as jnp

from artifacts import environment
from artifacts.files import write_json
from simulations import Dimensions, equal_angles, sample_problem, solve, spread_eigenvalues
from theory import Problem, best_lower_bound, id_risk, linear_probing_upper_bound, lp_ft_beats_ft, ood_risk

SIZES, LATER = Dimensions(input_dim=12, feature_dim=3, id_dim=4), 20
TIMES = jnp.array([0.0, 1.0, jnp.inf])


def drawn(seed: int) -> Problem:
    angles, eigenvalues = equal_angles(SIZES, 0.5), spread_eigenvalues(SIZES.id_dim, 10.0)
    return sample_problem(SIZES, angles, eigenvalues, feature_error=0.1, key=jax.random.key(seed))


def timed(call: Callable[[int], object]) -> dict[str, float]:
    """Processor seconds of `call(0)`, and the median of those of later calls."""
    seconds = []
    for seed in range(1 + LATER):
        began = time.process_time()
        jax.block_until_ready(call(seed))
        seconds.append(time.process_time() - began)
    return {"first": round(seconds[0], 3), "later": round(median(seconds[1:]), 5)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="write the result to this JSON file")
    arguments = parser.parse_args()
    jax.block_until_ready(jnp.ones(2) + 1)
    result: dict[str, object] = {"sample_problem": timed(drawn)}
    problems = [drawn(seed) for seed in range(1 + LATER)]
    calls: dict[str, Callable[[Problem], object]] = {
        "best_lower_bound": best_lower_bound,
        "linear_probing_upper_bound": linear_probing_upper_bound,
        "lp_ft_beats_ft": lp_ft_beats_ft,
        "id_risk": lambda problem: id_risk(problem.pretrained, problem),
        "ood_risk": lambda problem: ood_risk(problem.pretrained, problem),
        "solve linear_probing": lambda problem: solve(problem, "linear_probing", TIMES).ood_risk,
    }
    for name, call in calls.items():
        result[name] = timed(lambda seed, call=call: call(problems[seed]))
    for name, found in result.items():
        print(name, found)
    if arguments.out:
        write_json(arguments.out, {"processor_seconds": result, "environment": environment()})


if __name__ == "__main__":
    main()
