"""A linear probe's whole path against the alternatives: `python benchmarks/linear_probe.py --out FILE [--solvers ...]`.

10,000 examples, 512 features, 20 classes, the paper's 50 values of C, on features like those of a network: rectified,
correlated (a spectrum that falls as a power law), heavy-tailed, with class structure. Two cases: classes that overlap
and some wrong labels, and classes that can nearly be told apart, where large C has the fewest bounds.

Each solver's heads are judged by one double-precision objective and gradient. Results are merged into `--out`, so that
slow solvers may be run one at a time; a solver is named with its case.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from artifacts.runtime import prepare_jax

prepare_jax()

import jax
import jax.numpy as jnp
import numpy as np
import optimistix
import scipy.optimize
import tyro
from jaxtyping import Array, Float
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from artifacts import environment
from artifacts.files import write_json
from empirical.linear_probe import PENALTIES, Features, standardisation
from empirical.linear_probe.exact import exact_path
from empirical.linear_probe.faithful import faithful_path
from empirical.linear_probe.problem import ProbeProblem, Solution, measure, problem

Case = Literal["overlapping", "nearly_separable"]
#: Distance of the classes' centres, in units of the spread within them, and share of labels drawn anew.
CASES: dict[Case, tuple[float, float]] = {"overlapping": (0.5, 0.2), "nearly_separable": (1.0, 0.0)}
SolverName = Literal[
    "exact",
    "exact_1e-6",
    "scikit_learn",
    "scikit_learn_one_thread",
    "scikit_learn_float32",
    "scipy",
    "optimistix",
    "newton_cholesky",
]
ITERATIONS = 200


@dataclass(frozen=True, kw_only=True)
class ProbeBenchmark:
    """How large, and which solvers."""

    examples: int = 10_000
    features: int = 512
    classes: int = 20
    cases: tuple[Case, ...] = ("overlapping", "nearly_separable")
    solvers: tuple[SolverName, ...] = ("exact", "scikit_learn")
    penalties: int = len(PENALTIES)
    """So many values of C, from 1e-7 to 1e2."""
    seed: int = 0
    out: Path


class Timed(NamedTuple):
    solutions: list[Solution]
    seconds: float
    processor_seconds: float


def sample(config: ProbeBenchmark, case: Case) -> Features:
    """Features like a network's."""
    distance, wrong = CASES[case]
    draw = np.random.default_rng(config.seed)
    spectrum = np.arange(1, config.features + 1) ** -0.6
    basis = np.linalg.qr(draw.normal(size=(config.features, config.features)))[0]
    centres = distance * draw.normal(size=(config.classes, config.features)) * spectrum
    labels = draw.integers(0, config.classes, config.examples)
    latent = centres[labels] + draw.standard_t(4, size=(config.examples, config.features)) * spectrum
    activations = latent @ basis
    relabelled = draw.random(config.examples) < wrong
    labels = np.where(relabelled, draw.integers(0, config.classes, config.examples), labels)
    rectified = np.maximum(activations + 0.3 * activations.std(), 0)
    return Features(rectified.astype(np.float32), labels.astype(np.int32))


def scikit_learn_float32(asked: ProbeProblem, penalties: Sequence[float]) -> list[Solution]:
    """The faithful path on inputs in single precision, which later versions of scikit-learn keep."""
    rough = asked._replace(inputs=asked.inputs.astype(np.float32), centre=asked.centre.astype(np.float32))
    return list(faithful_path(rough, penalties))


def scikit_learn_one_thread(asked: ProbeProblem, penalties: Sequence[float]) -> list[Solution]:
    """The faithful path without threads that wait for each other: its processor time is work alone."""
    with threadpool_limits(1):
        return list(faithful_path(asked, penalties))


def newton_cholesky(asked: ProbeProblem, penalties: Sequence[float]) -> list[Solution]:
    """scikit-learn's Newton solver, which factorises the whole Hessian."""
    inputs, solver = asked.inputs + asked.centre, LogisticRegression(solver="newton-cholesky", warm_start=True)
    solutions = []
    for penalty in penalties:
        solver.set_params(C=penalty).fit(inputs, asked.targets)
        solutions.append(Solution(solver.coef_, solver.intercept_, int(solver.n_iter_.max()), True))
    return solutions


def mean_loss(asked: ProbeProblem) -> tuple[Callable[..., Array], Float[Array, "q k"]]:
    """scikit-learn's own scaling of the objective, as a JAX function of weights with the intercept as last column."""
    inputs = jnp.asarray(np.pad(asked.inputs + asked.centre, ((0, 0), (0, 1)), constant_values=1.0))
    targets = jnp.asarray(asked.targets)

    def loss(head: Array, penalty: Array) -> Array:
        chosen = jnp.take_along_axis(jax.nn.log_softmax(inputs @ head.T), targets[:, None], axis=1)
        return jnp.sum(head[:, :-1] ** 2) / (2 * penalty * len(targets)) - jnp.mean(chosen)

    return loss, jnp.zeros((len(asked.present), inputs.shape[1]))


def scipy_path(asked: ProbeProblem, penalties: Sequence[float]) -> list[Solution]:
    """SciPy's L-BFGS-B on a compiled gradient, with scikit-learn's stopping rules and warm starts."""
    loss, start = mean_loss(asked)
    value_and_gradient = jax.jit(jax.value_and_grad(loss))
    head, shape, solutions = np.asarray(start).ravel(), start.shape, []
    for penalty in penalties:

        def flat(head: np.ndarray, penalty: float = penalty) -> tuple[float, np.ndarray]:
            value, gradient = value_and_gradient(head.reshape(shape), penalty)
            return float(value), np.asarray(gradient).ravel()

        options = {"maxiter": ITERATIONS, "maxls": 50, "gtol": 1e-4, "ftol": 64 * np.finfo(float).eps}
        minimum = scipy.optimize.minimize(flat, head, jac=True, method="L-BFGS-B", options=options)
        head, weight = minimum.x, minimum.x.reshape(shape)
        solutions.append(Solution(weight[:, :-1], weight[:, -1], int(minimum.nit), bool(minimum.success)))
    return solutions


def optimistix_path(asked: ProbeProblem, penalties: Sequence[float]) -> list[Solution]:
    """optimistix's L-BFGS, compiled whole, with warm starts."""
    loss, head = mean_loss(asked)
    solver = optimistix.LBFGS(rtol=1e-6, atol=1e-6)

    @jax.jit
    def solve(head: Array, penalty: Array) -> tuple[Array, Array]:
        minimum = optimistix.minimise(loss, solver, head, penalty, max_steps=ITERATIONS, throw=False)
        return minimum.value, minimum.stats["num_steps"]

    solutions = []
    for penalty in penalties:
        head, steps = solve(head, jnp.float64(penalty))
        weight = np.asarray(head)
        solutions.append(Solution(weight[:, :-1], weight[:, -1], int(steps), int(steps) < ITERATIONS))
    return solutions


SOLVERS: dict[SolverName, Callable[[ProbeProblem, Sequence[float]], Any]] = {
    "exact": lambda asked, penalties: list(exact_path(asked, penalties, 1e-4)),
    "exact_1e-6": lambda asked, penalties: list(exact_path(asked, penalties, 1e-6)),
    "scikit_learn": lambda asked, penalties: list(faithful_path(asked, penalties)),
    "scikit_learn_one_thread": scikit_learn_one_thread,
    "scikit_learn_float32": scikit_learn_float32,
    "scipy": scipy_path,
    "optimistix": optimistix_path,
    "newton_cholesky": newton_cholesky,
}
COMPILED: frozenset[SolverName] = frozenset({"exact", "exact_1e-6", "scipy", "optimistix"})


def timed(solve: Callable[[], list[Solution]]) -> Timed:
    began, busy = time.perf_counter(), time.process_time()
    solutions = solve()
    return Timed(solutions, time.perf_counter() - began, time.process_time() - busy)


def measured(name: SolverName, asked: ProbeProblem, penalties: Sequence[float]) -> dict[str, Any]:
    """One solver on one case; compilation apart."""
    compiling = timed(lambda: SOLVERS[name](asked, penalties[:1])).seconds if name in COMPILED else 0.0
    timing = timed(lambda: SOLVERS[name](asked, penalties))
    judged = [measure(asked, solution, c) for solution, c in zip(timing.solutions, penalties, strict=True)]
    return {
        "seconds": timing.seconds,
        "processor_seconds": timing.processor_seconds,
        "first_solve_seconds": compiling,
        "iterations": [solution.iterations for solution in timing.solutions],
        "converged": [solution.converged for solution in timing.solutions],
        "objective": [probe.objective for probe in judged],
        "relative_gradient": [probe.gradient_norm / probe.weight_norm for probe in judged],
    }


def summary(results: dict[str, Any]) -> dict[str, Any]:
    """Every solver against the exact path: how much faster that is, and how far above its objectives the others end."""
    compared = {}
    for case, solvers in results.items():
        ours = solvers.get("exact")
        for name, timed_solver in solvers.items() if ours else ():
            count = len(timed_solver["objective"])
            if name.startswith("exact") or count != len(ours["objective"]):
                continue
            excess = (np.array(timed_solver["objective"]) - ours["objective"]) / ours["objective"]
            compared[f"{case}: {name}"] = {
                "times_slower": timed_solver["seconds"] / ours["seconds"],
                "times_more_processor_time": timed_solver["processor_seconds"] / ours["processor_seconds"],
                "largest_relative_excess": float(excess.max()),
                "smallest_relative_excess": float(excess.min()),
                "not_converged": count - sum(timed_solver["converged"]),
            }
    return compared


def main(config: ProbeBenchmark) -> None:
    results = json.loads(config.out.read_text())["results"] if config.out.exists() else {}
    penalties = [float(c) for c in np.logspace(-7, 2, config.penalties)]
    for case in config.cases:
        training = sample(config, case)
        asked = problem(standardisation(training.features)(training.features), training.labels, config.classes)
        for name in config.solvers:
            results.setdefault(case, {})[name] = measured(name, asked, penalties)
            document = {
                "examples": config.examples,
                "features": config.features,
                "classes": config.classes,
                "summary": summary(results),
                "results": results,
                "environment": environment(),
            }
            write_json(config.out, document)


if __name__ == "__main__":
    main(tyro.cli(ProbeBenchmark))
