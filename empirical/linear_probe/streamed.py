"""The problem of a set that is too large to be kept in double precision: raw features, read in blocks of rows.

Standardising, centring and turning to principal coordinates are linear. So a product with the inputs is one with the
features as they are stored, in double precision block by block, between two small ones: what decides a solution is
computed as exactly as from inputs that lie in memory. Only the conjugate gradients, which may be rough, have a copy of
the inputs, in single precision.
"""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Float64, Int

from empirical.linear_probe.newton import Balanced, Iterate, RoughCoordinates, balanced, direction, norms, step_length
from empirical.linear_probe.problem import Solution, Yardstick, classes_of
from empirical.linear_probe.standardising import ROWS, Standardisation

#: Bytes of the inputs in double precision above which they are not kept: the solver holds about three copies.
LARGEST_KEPT = 2**29


class StreamedProblem(NamedTuple):
    """Raw features and how they are standardised; the inputs are `(features - centre) / deviation`, row by row."""

    features: Float32[np.ndarray, "n k"]
    centre: Float[np.ndarray, " k"]  # of the raw features
    standardise: Standardisation
    targets: Int[np.ndarray, " n"]
    present: Int[np.ndarray, " q"]

    def blocks(self) -> Iterator[tuple[slice, Float[np.ndarray, "b k"]]]:
        """Raw features in double precision, with where they are."""
        for start in range(0, len(self.features), ROWS):
            rows = slice(start, min(start + ROWS, len(self.features)))
            yield rows, self.features[rows].astype(np.float64)

    def scores(self, weight: Float[np.ndarray, "q k"], bias: Float[np.ndarray, " q"]) -> Float[np.ndarray, "n q"]:
        """Of weights and an intercept on centred inputs."""
        on_raw = (weight / self.standardise.deviation).T
        scores = np.empty((len(self.features), len(weight)))
        for rows, block in self.blocks():
            scores[rows] = block @ on_raw
        return scores + (bias - self.centre @ on_raw)

    def pulled(self, residuals: Float[np.ndarray, "n q"]) -> Float[np.ndarray, "q k"]:
        """`residuals^T inputs`."""
        total = np.zeros((residuals.shape[1], self.features.shape[1]))
        for rows, block in self.blocks():
            total += residuals[rows].T @ block
        return (total - np.outer(residuals.sum(0), self.centre)) / self.standardise.deviation


class StreamedCoordinates(NamedTuple):
    """A streamed problem in its principal coordinates, as far as they are kept."""

    problem: StreamedProblem
    rough: RoughCoordinates
    frame: Float[np.ndarray, "k r"]

    def scores(self, head: Float64[Array, "q r"]) -> Float64[Array, "n q"]:
        """Of a head in principal coordinates, its intercept last."""
        weight, bias = np.asarray(head[:, :-1]) @ self.frame.T, np.asarray(head[:, -1])
        return jnp.asarray(self.problem.scores(weight, bias))

    def pulled(self, residuals: Float64[Array, "n q"]) -> Float64[Array, "q r"]:
        """`residuals^T inputs`, the column of ones included."""
        known = np.asarray(residuals)
        return jnp.asarray(np.column_stack([self.problem.pulled(known) @ self.frame, known.sum(0)]))


def is_streamed(features: Float32[np.ndarray, "n k"]) -> bool:
    """Whether a set is too large to be kept. Devices with memory of their own keep whatever fits."""
    examples, width = features.shape
    too_large = examples * width * np.dtype(np.float64).itemsize > LARGEST_KEPT
    return too_large and examples >= width and jax.default_backend() == "cpu"


def streamed_problem(
    features: Float32[np.ndarray, "n k"], labels: Int[np.ndarray, " n"], classes: int, standardise: Standardisation
) -> StreamedProblem:
    """The problem of a training set; as `problem.problem`, which keeps its inputs.

    Raises:
      ValueError: a label is no class, or all examples have one class.
    """
    present, targets = classes_of(labels, classes)
    return StreamedProblem(features, features.mean(0, dtype=np.float64), standardise, targets, present)


def coordinates(problem: StreamedProblem) -> StreamedCoordinates:
    """Principal coordinates: two passes through the features."""
    moment = np.zeros((problem.features.shape[1],) * 2)
    for _, block in problem.blocks():
        inputs = (block - problem.centre) / problem.standardise.deviation
        moment += inputs.T @ inputs
    energies, frame = np.linalg.eigh(moment)
    examples = len(problem.features)
    kept, turn = jnp.zeros((examples, len(frame) + 1), jnp.float32), frame.astype(np.float32)
    for rows, block in problem.blocks():
        inputs = ((block - problem.centre) / problem.standardise.deviation).astype(np.float32)
        turned = np.column_stack([inputs @ turn, np.ones(len(inputs), np.float32)])
        kept = _filled(kept, turned, rows.start)
    penalised = jnp.ones(len(frame) + 1).at[-1].set(0.0)
    energies = jnp.append(jnp.asarray(energies), float(examples))
    return StreamedCoordinates(
        problem, RoughCoordinates(kept, energies, penalised, jnp.asarray(problem.targets)), frame
    )


@partial(jax.jit, donate_argnums=0)
def _filled(kept: Float32[Array, "n r"], rows: Float32[Array, "b r"], start: Int[Array, ""]) -> Float32[Array, "n r"]:
    return jax.lax.dynamic_update_slice(kept, rows, (start, jnp.zeros((), start.dtype)))


def minimise_streamed(
    data: StreamedCoordinates, start: Float64[Array, "q r"], penalty: float, tolerance: float, *, most_steps: int
) -> Iterate:
    """`newton.minimise` on a streamed problem, step by step."""
    point = _point(data, balanced(data.rough, start, data.scores(start)), penalty, 0)
    while point.steps < most_steps:
        gradient_norm, weight_norm = map(float, norms(data.rough, point))
        if gradient_norm <= tolerance * weight_norm:
            break
        towards = direction(data.rough, point, jnp.float64(penalty), jnp.float64(tolerance))
        change = data.scores(towards)
        length = step_length(data.rough, point, towards, change, jnp.float64(penalty))
        moved = balanced(data.rough, point.head + length * towards, point.scores + length * change)
        point = _point(data, moved, penalty, int(point.steps) + 1)
    return point


def _point(data: StreamedCoordinates, at: Balanced, penalty: float, steps: int) -> Iterate:
    gradient = penalty * data.pulled(at.residuals) + data.rough.penalised * at.head
    return Iterate(at.head, at.scores, at.probabilities, gradient, jnp.array(steps))


def measure_streamed(problem: StreamedProblem, solution: Solution, penalty: float) -> Yardstick:
    """As `problem.measure`."""
    mean = (problem.centre - problem.standardise.mean) / problem.standardise.deviation
    bias = solution.bias + solution.weight @ mean
    scores = problem.scores(solution.weight, bias)
    scores -= scores.max(1, keepdims=True)
    sums = np.log(np.exp(scores).sum(1, keepdims=True))
    rows = np.arange(len(scores))
    loss = float((sums[:, 0] - scores[rows, problem.targets]).sum())
    residuals = np.exp(scores - sums)
    residuals[rows, problem.targets] -= 1
    gradient = penalty * problem.pulled(residuals) + solution.weight
    squares = float((gradient**2).sum() + ((penalty * residuals.sum(0)) ** 2).sum())
    weight_norm = float(np.linalg.norm(solution.weight))
    return Yardstick(weight_norm**2 / 2 + penalty * loss, float(np.sqrt(squares)), weight_norm)
