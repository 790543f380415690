"""Searches for a violation of a statement: gradient descent on the ratio of its sides, from many random starts.

Problems with one ID direction have closed-form paths, so the ratio of the sides is a differentiable function of the
problem. The published lower bound falls within seconds; bounds that are proved must not.
"""

from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from artifacts import UserError
from theory.networks import LinearNetwork
from theory.problem import Problem
from theory.statements import Statement, closed_form_evidence, slack
from theory.statements.statement import TOLERANCE

#: Starts that descend together, and steps that each of them takes: one round of the search.
STARTS = 256
STEPS = 150
LEARNING_RATE = 0.05
#: Moments on a path during the descent, and for the final judgement of the best problem of a round.
COARSE_MOMENTS = 33
FINE_MOMENTS = 4097
#: Sides below this multiple of W + |v0| could differ by rounding alone and are not searched.
SMALLEST_SIDE = 1e-8
#: Feature dimensions that rounds alternate between, each in d = 2 k + 1 inputs.
FEATURE_DIMS = (1, 2)


class Coordinates(eqx.Module):
    """Unconstrained coordinates of a problem with one ID direction: what the descent moves."""

    features: Float[Array, "d k"]
    perturbation: Float[Array, "d k"]
    log_error: Float[Array, ""]
    log_norm: Float[Array, ""]
    truth: Float[Array, " k"]
    head: Float[Array, " k"]


@dataclass(frozen=True)
class Attack:
    """What a search found.

    Attributes:
      smallest_ratio: smallest ratio, larger side over smaller side, over all problems met that satisfy the premises;
        below 1 is a violation. None where no problem gave sides that could be compared.
      violated: whether the ratio lies below 1 by more than numerical error.
      instance: the problem that gave it, as plain numbers (`problem_from` makes it a problem again, exactly).
      evaluated: problems whose sides were compared.
    """

    name: str
    smallest_ratio: float | None
    violated: bool
    instance: dict[str, Any] | None
    evaluated: int


def attack(statement: Statement, *, budget: int = 200_000, seed: int = 0) -> Attack:
    """Search for a problem that violates a statement; stops at the first round that finds one.

    Args:
      budget: how many problems may be evaluated, rounded up to whole rounds of STARTS x STEPS.
    """
    if budget < 1:
        raise UserError(f"`budget` must be at least 1 problem, got {budget}.")
    smallest, instance, evaluated = None, None, 0
    for number in range(-(-budget // (STARTS * STEPS))):
        key = jax.random.fold_in(jax.random.key(seed), number)
        best = _descend(statement, FEATURE_DIMS[number % len(FEATURE_DIMS)], key)
        evaluated += STARTS * STEPS
        ratio, gap = judged_ratio(statement, best)
        if ratio is not None and (smallest is None or ratio < smallest):
            smallest, instance = ratio, plain_numbers(best)
            if gap < -TOLERANCE:
                return Attack(statement.name, smallest, True, instance, evaluated)
    return Attack(statement.name, smallest, False, instance, evaluated)


def judged_ratio(statement: Statement, problem: Problem) -> tuple[float | None, float]:
    """The ratio of the sides with a fine search over time, and the slack; None where the problem does not count."""
    evidence = closed_form_evidence(problem, moments=FINE_MOMENTS)
    smaller, larger = float(statement.smaller(evidence)), float(statement.larger(evidence))
    counts = bool(statement.premises_hold(problem)) and smaller > SMALLEST_SIDE * float(_size(problem))
    return (larger / smaller if counts else None), (float(slack(statement, evidence)) if counts else 0.0)


def plain_numbers(problem: Problem) -> dict[str, Any]:
    """A problem as nested lists of floats, which JSON keeps to the last bit."""
    arrays = {
        "truth_head": problem.truth.head,
        "truth_features": problem.truth.features,
        "pretrained_head": problem.pretrained.head,
        "pretrained_features": problem.pretrained.features,
        "id_frame": problem.id_frame,
        "training_covariance": problem.training_covariance,
    }
    return {name: np.asarray(array).tolist() for name, array in arrays.items()}


def problem_from(instance: dict[str, Any]) -> Problem:
    """The problem that `plain_numbers` wrote down, its premises checked again."""
    arrays = {name: jnp.asarray(numbers, dtype=jnp.float64) for name, numbers in instance.items()}
    return Problem(
        truth=LinearNetwork(arrays["truth_head"], arrays["truth_features"]),
        pretrained=LinearNetwork(arrays["pretrained_head"], arrays["pretrained_features"]),
        id_frame=arrays["id_frame"],
        training_covariance=arrays["training_covariance"],
    )


def _descend(statement: Statement, feature_dim: int, key: PRNGKeyArray) -> Problem:
    """The best problem that one round of descents met."""
    starts = jax.vmap(lambda key: _start(feature_dim, key))(jax.random.split(key, STARTS))
    heights, coordinates = _descents(statement, starts)
    best = int(jnp.argmin(heights))
    return _problem(jax.tree.map(lambda leaf: leaf[best], coordinates))


@eqx.filter_jit
def _descents(statement: Statement, starts: Coordinates) -> tuple[Float[Array, " n"], Coordinates]:
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(LEARNING_RATE))

    def descend(start: Coordinates) -> tuple[Float[Array, ""], Coordinates]:
        def step(carry, _):
            position, state, lowest, best = carry
            height, gradient = jax.value_and_grad(lambda at: _height(statement, at))(position)
            better = height < lowest
            best = jax.tree.map(lambda new, old: jnp.where(better, new, old), position, best)
            gradient = jax.tree.map(lambda leaf: jnp.where(jnp.isfinite(leaf), leaf, 0.0), gradient)
            updates, state = optimiser.update(gradient, state)
            return (optax.apply_updates(position, updates), state, jnp.minimum(height, lowest), best), None

        carry = (start, optimiser.init(start), jnp.asarray(jnp.inf), start)
        (_, _, lowest, best), _ = jax.lax.scan(step, carry, None, length=STEPS)
        return lowest, best

    return jax.vmap(descend)(starts)


def _height(statement: Statement, coordinates: Coordinates) -> Float[Array, ""]:
    """log(larger / smaller); where the sides cannot be compared, a height above all that can, sloping towards them."""
    problem = _problem(coordinates)
    evidence = closed_form_evidence(problem, moments=COARSE_MOMENTS)
    smaller, larger = statement.smaller(evidence), statement.larger(evidence)
    floor = SMALLEST_SIDE * _size(problem)
    comparable = statement.premises_hold(problem) & (smaller > floor) & (larger > 0) & jnp.isfinite(larger)
    ratio = jnp.log(jnp.where(comparable, larger, 1.0)) - jnp.log(jnp.where(comparable, smaller, 1.0))
    shortfall = (floor - jnp.where(jnp.isfinite(smaller), smaller, 0.0)) / _size(problem)
    return jnp.where(comparable, ratio, 50.0 + jnp.tanh(shortfall))


def _size(problem: Problem) -> Float[Array, ""]:
    return jnp.linalg.norm(problem.truth.head) + jnp.linalg.norm(problem.pretrained.head)


def _problem(coordinates: Coordinates) -> Problem:
    """Orthonormalised, with the head in units of W: equal coordinates describe equal shapes at every scale."""
    features = jnp.linalg.qr(coordinates.features)[0]
    error = jnp.exp(coordinates.log_error)
    truth = jnp.linalg.qr(features + error * coordinates.perturbation)[0]
    # QR may flip the sign of a column; keep the truth next to the pretrained features.
    truth = truth * jnp.sign(jnp.sum(truth * features, axis=0))
    norm = jnp.exp(coordinates.log_norm)
    direction = coordinates.truth / jnp.linalg.norm(coordinates.truth)
    d = features.shape[0]
    return Problem(
        truth=LinearNetwork(head=norm * direction, features=truth.T),
        pretrained=LinearNetwork(head=norm * coordinates.head, features=features.T),
        id_frame=jnp.eye(d)[:, :1],
        training_covariance=jnp.eye(1),
    )


def _start(feature_dim: int, key: PRNGKeyArray) -> Coordinates:
    keys = jax.random.split(key, 6)
    shape = (2 * feature_dim + 1, feature_dim)
    return Coordinates(
        features=jax.random.normal(keys[0], shape),
        perturbation=jax.random.normal(keys[1], shape),
        log_error=jax.random.uniform(keys[2], minval=-16.0, maxval=0.0),
        log_norm=jax.random.uniform(keys[3], minval=-5.0, maxval=3.0),
        truth=jax.random.normal(keys[4], (feature_dim,)),
        head=2 * jax.random.normal(keys[5], (feature_dim,)),
    )
