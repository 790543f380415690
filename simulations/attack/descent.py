"""One round of a search: many problems descend side by side on the ratio of a statement's sides."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from simulations.attack.coarse_path import coarse_evidence, coarse_trained_evidence, trained_setting
from simulations.attack.coordinates import AttackShape, Coordinates, problem_at, random_coordinates, size
from theory.problem import Problem
from theory.statements import Statement, premises_hold, sides

#: Starts that descend together, and steps that each of them takes.
STARTS = 256
STEPS = 150
LEARNING_RATE = 0.05
#: Sides below this multiple of W + |v0| could differ by rounding alone and are not searched.
SMALLEST_SIDE = 1e-8
#: Height of a problem whose sides cannot be compared: above the logarithm of any ratio that a search cares for.
INCOMPARABLE = 50.0


def lowest_problems(statement: Statement, shape: AttackShape, count: int, *, key: PRNGKeyArray) -> list[Problem]:
    """The best problem of each of the `count` best descents of a round, best first.

    Args:
      shape: dimensions of the problems that are searched.
      count: at most the number of starts.
    """
    starts = jax.vmap(lambda key: random_coordinates(shape, key=key))(jax.random.split(key, STARTS))
    heights, coordinates = _descents(statement, starts)
    best = jnp.argsort(heights)[:count]
    return [problem_at(jax.tree.map(lambda leaf, i=i: leaf[i], coordinates)) for i in best]


@eqx.filter_jit
def _descents(statement: Statement, starts: Coordinates) -> tuple[Float[Array, " n"], Coordinates]:
    """The lowest height of each descent, and where it was met."""
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

        parameters: Any = start  # optax names the pytrees it knows, and modules are not among them
        carry = (start, optimiser.init(parameters), jnp.asarray(jnp.inf), start)
        (_, _, lowest, best), _ = jax.lax.scan(step, carry, None, length=STEPS)
        return lowest, best

    return jax.vmap(descend)(starts)


def _height(statement: Statement, coordinates: Coordinates) -> Float[Array, ""]:
    """log(larger / smaller); where the sides cannot be compared, a height above all that can, sloping towards them."""
    problem = problem_at(coordinates)
    setting = trained_setting(statement)
    if setting is None:
        evidence = coarse_evidence(problem, wide=coordinates.wide)
    else:
        evidence = coarse_trained_evidence(setting, problem)
    smaller, larger = sides(statement, evidence)
    floor = SMALLEST_SIDE * size(problem)
    comparable = premises_hold(statement, problem) & (smaller > floor) & (larger > 0) & jnp.isfinite(larger)
    ratio = jnp.log(jnp.where(comparable, larger, 1.0)) - jnp.log(jnp.where(comparable, smaller, 1.0))
    shortfall = (floor - jnp.where(jnp.isfinite(smaller), smaller, 0.0)) / size(problem)
    return jnp.where(comparable, ratio, INCOMPARABLE + jnp.tanh(shortfall))
