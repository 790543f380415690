"""Newton's method for one C: conjugate gradients in single precision inside steps in double precision.

In principal coordinates the inputs' second moment is diagonal, and the Hessian is close to the Kronecker product of
the mean class curvature A (q x q) and that diagonal. Where A = (I - 1/q) / 2 this is Boehning's upper bound; the mean
curvature at the current head is much closer. It is diagonal in a known basis for every C at once, and preconditions the
conjugate gradients at no cost. Products with the Hessian may be rough, and take single precision; the gradient decides
what is solved, and takes double.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Float64, Int

from artifacts.runtime import NOT_OPTIMISED

MAX_STEPS = 60
MAX_PRODUCTS = 200  # conjugate gradients in one step
ROUGHEST, FINEST = 0.1, 1e-3  # relative residuals that a step is solved to
SUFFICIENT_DECREASE = 1e-4
MAX_BALANCINGS = 20
REGULAR = 1e-12  # of the mean curvature
BALANCED = 1e-12  # examples that a class may get too many or too few in sum, relative to all
ROUNDING = 1e-14  # relative to the objective


class RoughCoordinates(NamedTuple):
    """Inputs in their principal coordinates with a last column of ones, in single precision, and what goes with them.

    `energies`: sums of squares of the columns; `penalised`: 0 for the intercept, 1 for all others.
    """

    inputs: Float32[Array, "n r"]
    energies: Float64[Array, " r"]
    penalised: Float64[Array, " r"]
    targets: Int[Array, " n"]


class HeadCoordinates(NamedTuple):
    """The same inputs in both precisions."""

    inputs: Float64[Array, "n r"]
    rough: RoughCoordinates


class Iterate(NamedTuple):
    """A head, its scores, probabilities and gradient."""

    head: Float64[Array, "q r"]
    scores: Float64[Array, "n q"]
    probabilities: Float64[Array, "n q"]
    gradient: Float64[Array, "q r"]
    steps: Int[Array, ""]


class Balanced(NamedTuple):
    """A head with the intercept that is best for its weights; residuals are probabilities less what is true."""

    head: Float64[Array, "q r"]
    scores: Float64[Array, "n q"]
    probabilities: Float64[Array, "n q"]
    residuals: Float64[Array, "n q"]


def _minimise(
    data: HeadCoordinates, start: Float64[Array, "q r"], penalty: Float64[Array, ""], tolerance: Float64[Array, ""]
) -> Iterate:
    """The head of one C, to `|gradient| <= tolerance |W|` or until `MAX_STEPS` steps are taken.

    Args:
      start: where the search begins; the intercept is its last column.
      penalty: C.
      tolerance: of the gradient, relative to |W|.
    """

    def unfinished(point: Iterate) -> Array:
        gradient, weight = norms(data.rough, point)
        return (gradient > tolerance * weight) & (point.steps < MAX_STEPS)

    def step(point: Iterate) -> Iterate:
        towards = direction(data.rough, point, penalty, tolerance)
        change = data.inputs @ towards.T
        length = step_length(data.rough, point, towards, change, penalty)
        return _point(data, point.head + length * towards, point.scores + length * change, penalty, point.steps + 1)

    return jax.lax.while_loop(unfinished, step, _point(data, start, data.inputs @ start.T, penalty, jnp.array(0)))


minimise = jax.jit(_minimise)
#: The same for small problems on a CPU, which are solved before an optimised program would be compiled.
minimise_without_optimising = jax.jit(_minimise, compiler_options=NOT_OPTIMISED)


def _point(data: HeadCoordinates, head: Array, scores: Array, penalty: Array, steps: Array) -> Iterate:
    """The point of these weights and the intercept that is best for them."""
    at = balanced(data.rough, head, scores)
    # Transposed before the product and not within it, which takes twice as long on a CPU.
    residuals = jax.lax.optimization_barrier(at.residuals.T)
    gradient = penalty * (residuals @ data.inputs) + data.rough.penalised * at.head
    return Iterate(at.head, at.scores, at.probabilities, gradient, steps)


@jax.jit
def norms(data: RoughCoordinates, point: Iterate) -> tuple[Float64[Array, ""], Float64[Array, ""]]:
    """Of the gradient and of the weights: a solution's gradient is small beside them."""
    return _gradient_norm(point), jnp.linalg.norm(data.penalised * point.head)


@jax.jit
def balanced(data: RoughCoordinates, head: Float64[Array, "q r"], scores: Float64[Array, "n q"]) -> Balanced:
    """The same weights with their best intercept."""
    shift = _best_shift(data.targets, scores)
    head, scores = head.at[:, -1].add(shift), scores + shift
    probabilities = jax.nn.softmax(scores)
    return Balanced(head, scores, probabilities, probabilities - jax.nn.one_hot(data.targets, head.shape[0]))


@jax.jit
def direction(
    data: RoughCoordinates, point: Iterate, penalty: Float64[Array, ""], tolerance: Float64[Array, ""]
) -> Float64[Array, "q r"]:
    """Newton's, to a residual that is as rough as the way to go allows."""
    gradient, weight = norms(data, point)
    # One rough step less: where a single step can reach the goal, it is made to.
    aim = 0.3 * tolerance * weight / gradient
    residual = jnp.where(aim < FINEST, ROUGHEST, jnp.minimum(aim, ROUGHEST))
    return _newton_direction(data, point, penalty, residual)


def _best_shift(targets: Int[Array, " n"], scores: Float64[Array, "n q"]) -> Float64[Array, " q"]:
    """What to add to the scores of each class so that probabilities sum to its number of examples.

    With it the gradient is that of the weights alone, of an objective that is 1-strongly convex in them.
    """
    count, classes = scores.shape
    wanted = jnp.bincount(targets, length=classes)

    def excess(shift: Array) -> tuple[Array, Array]:
        probabilities = jax.nn.softmax(scores + shift)
        return probabilities, probabilities.sum(0) - wanted

    def unbalanced(state: tuple[Array, ...]) -> Array:
        return (jnp.max(jnp.abs(state[2])) > BALANCED * count) & (state[3] < MAX_BALANCINGS)

    def balance(state: tuple[Array, ...]) -> tuple[Array, ...]:
        shift, probabilities, surplus, rounds = state
        step = jnp.linalg.solve(_class_curvature(probabilities), -surplus)
        # Far from balance a full step may overshoot; the damped one of pseudo-self-concordant functions cannot.
        size = jnp.max(jnp.abs(step))
        shift = shift + step * jnp.where(size > 0.5, 1 / (1 + size), 1.0)
        return shift, *excess(shift), rounds + 1

    start = jnp.zeros(classes)
    return jax.lax.while_loop(unbalanced, balance, (start, *excess(start), jnp.array(0)))[0]


def _class_curvature(probabilities: Float64[Array, "n q"]) -> Float64[Array, "q q"]:
    """Sum over examples of `diag(p) - p p^T`, made regular.

    Adding a constant to all scores changes nothing: in that direction any curvature will do.
    """
    curvature = jnp.diag(probabilities.sum(0)) - probabilities.T @ probabilities
    mean = jnp.trace(curvature) / len(curvature)
    return curvature + mean / len(curvature) + REGULAR * mean * jnp.eye(len(curvature))


def _newton_direction(data: RoughCoordinates, point: Iterate, penalty: Array, residual: Array) -> Float64[Array, "q r"]:
    """The solution of `Hessian d = -gradient`, to a relative residual."""
    probabilities, rough_penalty = point.probabilities.astype(jnp.float32), penalty.astype(jnp.float32)
    penalised = data.penalised.astype(jnp.float32)
    # Gradients leave the range of single precision at either end of the path.
    scale = _gradient_norm(point)
    downhill = (-point.gradient / scale).astype(jnp.float32)
    basis, diagonal = _preconditioner(data, point, penalty)

    def product(direction: Array) -> Array:
        change = _rough(data.inputs, direction.T)
        weighted = probabilities * change
        curved = weighted - probabilities * jnp.sum(weighted, axis=1, keepdims=True)
        return rough_penalty * _rough(curved.T, data.inputs) + penalised * direction

    def preconditioned(vector: Array) -> Array:
        return _rough(basis, _rough(basis.T, vector) / diagonal)

    def unsolved(state: tuple[Array, ...]) -> Array:
        return (jnp.linalg.norm(state[1]) > residual) & (state[4] < MAX_PRODUCTS)

    def iterate(state: tuple[Array, ...]) -> tuple[Array, ...]:
        solution, rest, search, fit, count = state
        curved = product(search)
        length = fit / jnp.sum(search * curved)
        rest = rest - length * curved
        towards = preconditioned(rest)
        new_fit = jnp.sum(rest * towards)
        return solution + length * search, rest, towards + new_fit / fit * search, new_fit, count + 1

    first = preconditioned(downhill)
    start = (jnp.zeros_like(downhill), downhill, first, jnp.sum(downhill * first), jnp.array(0))
    return scale * jax.lax.while_loop(unsolved, iterate, start)[0].astype(jnp.float64)


def _preconditioner(
    data: RoughCoordinates, point: Iterate, penalty: Array
) -> tuple[Float32[Array, "q q"], Float32[Array, "q r"]]:
    """A basis of the classes, and the Kronecker approximation's diagonal in it."""
    values, basis = jnp.linalg.eigh(_class_curvature(point.probabilities) / len(point.probabilities))
    values = jnp.maximum(values, jnp.finfo(jnp.float32).eps * values[-1])
    diagonal = penalty * values[:, None] * data.energies + data.penalised
    return basis.astype(jnp.float32), diagonal.astype(jnp.float32)


@jax.jit
def step_length(data: RoughCoordinates, point: Iterate, towards: Array, change: Array, penalty: Array) -> Array:
    """1, halved until the objective falls enough. Scores are linear in the step: no product with inputs is needed."""

    def objective(length: Array) -> Array:
        scores, head = point.scores + length * change, point.head + length * towards
        chosen = jnp.take_along_axis(jax.nn.log_softmax(scores), data.targets[:, None], axis=1)
        return jnp.sum(data.penalised * head**2) / 2 - penalty * jnp.sum(chosen)

    now, slope = objective(jnp.array(0.0)), jnp.sum(point.gradient * towards)

    def too_long(tried: tuple[Array, Array]) -> Array:
        length, reached = tried
        allowed = now + SUFFICIENT_DECREASE * length * slope + ROUNDING * jnp.abs(now)
        return ~(reached <= allowed) & (length > 1e-9)

    def halve(tried: tuple[Array, Array]) -> tuple[Array, Array]:
        return tried[0] / 2, objective(tried[0] / 2)

    # The whole step is nearly always right, and outside of the loop it is judged in a fraction of the time.
    whole = jnp.array(1.0)
    return jax.lax.while_loop(too_long, halve, (whole, objective(whole)))[0]


def _gradient_norm(point: Iterate) -> Array:
    return jnp.linalg.norm(point.gradient)


def _rough(left: Array, right: Array) -> Array:
    # Full single precision on a GPU too, whose default of ten bits would stall conjugate gradients.
    return jnp.matmul(left, right, precision="highest")
