"""The reduced flow against its alternatives at equal accuracy: `python benchmarks/reduced_flow.py [--out FILE]`.

Fine-tuning on d = 2,000 inputs, k = 20 features, n = 400 Gaussian examples, to a relative training loss of 1e-10, with
the OOD risk at 20 times. The alternatives integrate all k + k d parameters as one would write the flow down: diffrax
(Dopri8), SciPy (`solve_ivp`, DOP853) on a jitted field, and jitted gradient descent. Every integrator takes the loosest
tolerance, by decades, with which its OOD risks are right to `accuracy` at all times. Gradient descent is of first
order and gets there never: it is timed at two step sizes, and the time for its error to fall to `accuracy` is
extrapolated, marked as such. Rounds are paired: each method runs once in each. Compilation is left out for all; the
decomposition of the inputs is part of the reduced flow's time. Times are processor time, all threads together, so that
other programs on the machine count little.

Gaussian inputs are well conditioned (7 here) and the flow takes no more than forty steps. The other settings have the
same sizes and higher condition numbers; inputs from nature exceed them.
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

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import tyro
from gaussian_inputs import RELATIVE_LOSS, gaussian_setting, load_average, processor_timed, spread
from scipy.integrate import solve_ivp

from artifacts import environment
from artifacts.files import write_json
from simulations.gradient_descent import gradient_descent
from simulations.gradient_flow import Numerics, solve, starting_point, suitable_numerics
from theory.networks import LinearNetwork
from theory.problem import Problem
from theory.reduction import ReducedProblem

#: Tried from the loosest on.
TOLERANCES = tuple(10.0**-digits for digits in range(6, 13))


@dataclass(frozen=True, kw_only=True)
class ReducedFlow:
    """Sizes, accuracy, and how often."""

    input_dim: int = 2_000
    feature_dim: int = 20
    examples: int = 400
    accuracy: float = 1e-8
    """Largest relative error of the OOD risk over the times."""
    conditions: tuple[float, ...] = (300.0, 1e4)
    """Condition numbers of the second moment of the inputs, beside that of Gaussian inputs."""
    moments: int = 20
    rounds: int = 5
    """On Gaussian inputs; where integration takes minutes, one round has to do."""
    seed: int = 0
    out: Path | None = None
    """JSON file to write; standard output where absent."""


Risks = Callable[[], np.ndarray]


def reduced(truth: LinearNetwork, pretrained: LinearNetwork, inputs: np.ndarray, times: np.ndarray, numerics: Numerics):
    """Ours: decomposition of the inputs, reduction, integration, risks."""
    return solve(Problem.from_inputs(truth, pretrained, inputs), "fine_tuning", times, numerics=numerics)


def raw_field(network: LinearNetwork, inputs: jax.Array, labels: jax.Array) -> LinearNetwork:
    """The paper's gradient flow as it is written: `dv/dt = -2 B X^T r`, `dB/dt = -2 v r^T X`."""
    gradient = 2 * (inputs.T @ (inputs @ network.weights - labels))
    return LinearNetwork(head=-network.features @ gradient, features=-jnp.outer(network.head, gradient))


@eqx.filter_jit
def by_diffrax(pretrained: LinearNetwork, inputs: jax.Array, labels: jax.Array, times: jax.Array, rtol: jax.Array):
    """Weights at the times, integrated by diffrax on all parameters."""
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(lambda _, network, given: raw_field(network, *given)),
        diffrax.Dopri8(),
        t0=0.0,
        t1=times[-1],
        dt0=None,
        y0=pretrained,
        args=(inputs, labels),
        saveat=diffrax.SaveAt(ts=times, fn=lambda _, network, __: network.weights),
        stepsize_controller=diffrax.PIDController(rtol=rtol, atol=rtol * 1e-3),
        max_steps=100_000,
    )
    return solution.ys


@jax.jit
def flat_field(parameters: jax.Array, inputs: jax.Array, labels: jax.Array) -> jax.Array:
    """The flow as a field of one long vector, which is what SciPy takes."""
    k = parameters.size // (inputs.shape[1] + 1)
    now = raw_field(LinearNetwork(parameters[:k], parameters[k:].reshape(k, -1)), inputs, labels)
    return jnp.concatenate([now.head, now.features.ravel()])


def by_scipy(pretrained: LinearNetwork, inputs: jax.Array, labels: jax.Array, times: np.ndarray, rtol: float):
    """Weights at the times, integrated by SciPy on all parameters, with a jitted field."""
    solution = solve_ivp(
        lambda _, parameters: np.asarray(flat_field(parameters, inputs, labels)),
        (0, times[-1]),
        np.concatenate([pretrained.head, np.ravel(pretrained.features)]),
        method="DOP853",
        rtol=rtol,
        atol=rtol * 1e-3,
        t_eval=times,
    )
    return _weights(solution.y.T, pretrained.head.size)


def _weights(parameters: np.ndarray, k: int) -> np.ndarray:
    features = parameters[:, k:].reshape(parameters.shape[0], k, -1)
    return np.einsum("tk,tkd->td", parameters[:, :k], features)


def main(config: ReducedFlow) -> None:
    result = {
        "gaussian_inputs": compared(config, None, config.rounds),
        **{f"condition_{condition:g}": compared(config, condition, 1) for condition in config.conditions},
        "load_average": load_average(),
        "environment": environment(),
    }
    if config.out is None:
        json.dump(result, sys.stdout, indent=1)
    else:
        write_json(config.out, result)


def compared(config: ReducedFlow, condition: float | None, rounds: int) -> dict[str, Any]:
    """All ways on inputs with this condition number."""
    truth, pretrained, inputs = gaussian_setting(
        config.input_dim, config.feature_dim, config.examples, condition=condition, seed=config.seed
    )
    on_device, labels = jnp.asarray(inputs), jnp.asarray(inputs @ truth.weights)
    problem = Problem.from_inputs(truth, pretrained, inputs)
    # Reduced once to choose the solver; in what is timed, `solve` reduces once itself.
    start = starting_point(problem, "fine_tuning")
    times = complete_times(problem, start, config.moments)
    stiff = suitable_numerics(start, jnp.asarray(times)).stiff
    reference = Numerics(rtol=1e-13, max_steps=1_000_000)
    exact = np.asarray(solve(problem, "fine_tuning", times, numerics=reference).ood_risk)
    target = np.asarray(truth.weights)

    def risks_of(weights: Any) -> np.ndarray:
        return np.sum((np.asarray(weights) - target) ** 2, axis=1)

    ways: dict[str, Callable[[float], Risks]] = {
        "reduced_flow": lambda rtol: (
            lambda: np.asarray(reduced(truth, pretrained, inputs, times, Numerics(stiff=stiff, rtol=rtol)).ood_risk)
        ),
        "diffrax_raw": lambda rtol: (
            lambda: risks_of(by_diffrax(pretrained, on_device, labels, jnp.asarray(times), jnp.asarray(rtol)))
        ),
        "scipy_raw": lambda rtol: lambda: risks_of(by_scipy(pretrained, on_device, labels, times, rtol)),
    }
    chosen, measured = {}, {}
    for name, way in ways.items():
        for rtol in TOLERANCES:
            error = float(np.max(np.abs(way(rtol)() / exact - 1)))
            if error <= config.accuracy:
                break
        chosen[name], measured[name] = way(rtol), {"rtol": rtol, "largest_relative_error": error}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    numerics = Numerics(stiff=stiff, rtol=measured["reduced_flow"]["rtol"])
    seconds["reduced_flow_once_decomposed"] = []
    for _ in range(rounds):
        for name, run in chosen.items():
            seconds[name].append(processor_timed(run)[0])
        again = processor_timed(lambda: np.asarray(solve(problem, "fine_tuning", times, numerics=numerics).ood_risk))[0]
        seconds["reduced_flow_once_decomposed"].append(again)
    measured = {name: measured[name] | spread(seconds[name]) for name in ways}
    fastest = min(measured["diffrax_raw"]["median_seconds"], measured["scipy_raw"]["median_seconds"])
    once_decomposed = spread(seconds["reduced_flow_once_decomposed"])
    return {
        "setting": {"d": config.input_dim, "k": config.feature_dim, "n": config.examples, "times": config.moments}
        | {"last_time": float(times[-1]), "accuracy": config.accuracy, "rounds": rounds, "implicit": numerics.stiff},
        **measured,
        "reduced_flow_once_decomposed": once_decomposed,
        "gradient_descent": descent(truth, pretrained, on_device, labels, times, exact, config.accuracy),
        "times_faster_than_the_fastest_integrator": fastest / measured["reduced_flow"]["median_seconds"],
        "times_faster_once_decomposed": fastest / once_decomposed["median_seconds"],
    }


def complete_times(problem: Problem, start: ReducedProblem, moments: int) -> np.ndarray:
    """Times evenly spaced in logarithm, the last where the training loss has fallen to `RELATIVE_LOSS`."""
    search = np.geomspace(1e-2, 1e6, 250)
    all_times = np.concatenate([[0.0], search])
    numerics = Numerics(stiff=suitable_numerics(start, jnp.asarray(all_times)).stiff, rtol=1e-9)
    loss = np.asarray(solve(problem, "fine_tuning", all_times, numerics=numerics).training_loss)
    last = search[np.flatnonzero(loss[1:] <= RELATIVE_LOSS * loss[0])[0]]
    return np.geomspace(last / 1e3, last, moments)


def descent(truth, pretrained, inputs, labels, times, exact, accuracy) -> dict[str, Any]:
    """Gradient descent with two step sizes, and what its order says of smaller ones."""
    measured = []
    head, gram = truth.head, np.linalg.eigvalsh(inputs @ inputs.T)
    sharpness = 2 * gram[-1] * float(1 + head @ head)
    for share in (0.4, 0.2):
        # Shares of the largest stable step at the limit.
        steps = round(float(times[-1] * sharpness / 2 / share))
        train = partial(
            gradient_descent,
            pretrained,
            inputs,
            labels,
            learning_rate=times[-1] / steps,
            steps=steps,
            save_every=steps,
        )
        train()
        seconds, run = processor_timed(train)
        risk = float(jnp.sum((run.networks.features[-1].T @ run.networks.head[-1] - truth.weights) ** 2))
        measured.append({"steps": steps, "seconds": seconds, "relative_error_at_the_end": abs(risk / exact[-1] - 1)})
    last = measured[-1]
    return {
        "measured": measured,
        "extrapolated_seconds_to_accuracy": last["seconds"] * last["relative_error_at_the_end"] / accuracy,
    }


if __name__ == "__main__":
    main(tyro.cli(ReducedFlow))
