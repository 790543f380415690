"""The whole path to a stated tolerance: each C starts where the path so far points to.

The optimal head is a smooth function of log C. Four solutions extrapolate it to the next C so well that one Newton
step is mostly enough. Inputs are rotated to their principal coordinates once for all C, which changes nothing in the
problem (the penalty is rotation invariant) and much in its conditioning; with fewer examples than features it also
shrinks the problem to as many coordinates as there are examples.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float64

from empirical.linear_probe.newton import (
    MAX_STEPS,
    HeadCoordinates,
    Iterate,
    RoughCoordinates,
    minimise,
    minimise_without_optimising,
)
from empirical.linear_probe.problem import ProbeProblem, Solution
from empirical.linear_probe.streamed import StreamedProblem, coordinates, minimise_streamed

REMEMBERED = 4  # solutions that are extrapolated
#: Entries of the inputs times values of C up to which, on a CPU, the solver is not optimised: it is compiled in 1.2 s
#: less. Ten values for 1,456 examples of 96 features, which are more, take 0.18 s in place of 0.08 s, each time anew.
NOT_OPTIMISED_UP_TO = 2**19


class Rotation(NamedTuple):
    """Principal coordinates of a problem's inputs, and the frame that they refer to."""

    coordinates: HeadCoordinates
    frame: Float64[Array, "k r"]


def exact_path(
    problem: ProbeProblem | StreamedProblem, penalties: Sequence[float], tolerance: float
) -> Iterator[Solution]:
    """Solutions for ascending penalties, each to `|gradient| <= tolerance |W|`.

    Args:
      penalties: values of C, the weight of the cross-entropies.
    Raises:
      RuntimeError: JAX computes in single precision.
    """
    if not jax.config.read("jax_enable_x64"):
        raise RuntimeError("Probes are solved in double precision: call `artifacts.runtime.prepare_jax()` first.")
    frame, mean, width, solved = _solver(problem, tolerance, len(penalties))
    known: deque[tuple[float, Float64[np.ndarray, "q r"]]] = deque(maxlen=REMEMBERED)
    for penalty in penalties:
        start = _extrapolated(known, np.log(penalty)) if known else np.zeros((len(problem.present), width))
        point = solved(jnp.asarray(start), penalty)
        head = np.asarray(point.head)
        known.append((np.log(penalty), head))
        weight = head[:, :-1] @ frame.T
        bias = head[:, -1] - weight @ mean
        reached = np.linalg.norm(np.asarray(point.gradient)) <= tolerance * np.linalg.norm(head[:, :-1])
        yield Solution(weight, bias, int(point.steps), bool(reached))


class _Solver(NamedTuple):
    """Frame of the principal coordinates, mean of standardised inputs, width of a head, and what solves for one C."""

    frame: Float64[np.ndarray, "k r"]
    mean: Float64[np.ndarray, " k"]
    width: int
    solved: Callable[[Array, float], Iterate]


def _solver(problem: ProbeProblem | StreamedProblem, tolerance: float, penalties: int) -> _Solver:
    if isinstance(problem, StreamedProblem):
        data = coordinates(problem)
        mean = (problem.centre - problem.standardise.mean) / problem.standardise.deviation
        return _Solver(
            data.frame,
            mean,
            data.rough.inputs.shape[1],
            lambda start, penalty: minimise_streamed(data, start, penalty, tolerance, most_steps=MAX_STEPS),
        )
    rotation = rotated(problem)
    small = problem.inputs.size * penalties <= NOT_OPTIMISED_UP_TO and jax.default_backend() == "cpu"
    solve = minimise_without_optimising if small else minimise
    return _Solver(
        np.asarray(rotation.frame),
        problem.centre,
        rotation.coordinates.inputs.shape[1],
        lambda start, penalty: solve(rotation.coordinates, start, jnp.float64(penalty), jnp.float64(tolerance)),
    )


def rotated(problem: ProbeProblem) -> Rotation:
    """The problem in principal coordinates."""
    inputs = jnp.asarray(problem.inputs)
    wide = inputs.shape[0] < inputs.shape[1]
    frame = _row_space(inputs) if wide else jnp.linalg.eigh(inputs.T @ inputs)[1]
    inputs = inputs @ frame
    inputs = jnp.concatenate([inputs, jnp.ones((len(inputs), 1))], axis=1)
    penalised = jnp.ones(inputs.shape[1]).at[-1].set(0.0)
    targets, energies = jnp.asarray(problem.targets), jnp.sum(inputs**2, axis=0)
    rough = RoughCoordinates(inputs.astype(jnp.float32), energies, penalised, targets)
    return Rotation(HeadCoordinates(inputs, rough), frame)


def _row_space(inputs: Float64[Array, "n k"]) -> Float64[Array, "k n"]:
    """Principal axes of fewer examples than features.

    LAPACK's singular value decomposition, as JAX calls it on a CPU, answers NaN for some matrices of low rank (JAX
    issue 22809): features of a ReLU network, many of them zero, were one. These two steps have no such case.
    """
    axes, triangle = jnp.linalg.qr(inputs.T)
    return axes @ jnp.linalg.eigh(triangle @ triangle.T)[1]


def _extrapolated(known: deque[tuple[float, Float64[np.ndarray, "q r"]]], at: float) -> Float64[np.ndarray, "q r"]:
    """Lagrange's polynomial through the known points."""
    total = np.zeros_like(known[0][1])
    for node, value in known:
        factors = [(at - other) / (node - other) for other, _ in known if other != node]
        total = total + float(np.prod(factors)) * value
    return total
