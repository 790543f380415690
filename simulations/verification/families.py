"""Random problems on which statements are verified: one family for each setting.

Scales are drawn log-uniformly over decades, angles uniformly with their extremes given extra weight, heads in every
position towards the truth: the violations of the published bound sit in corners that a Gaussian would never visit.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, PRNGKeyArray, Scalar

from simulations.sampling import Dimensions, compiled_quickly, sample_angles_up_to, sample_problem
from theory.alignment import aligned_truth
from theory.problem import Problem
from theory.statements import Setting

ONE_DIRECTION = Dimensions(input_dim=4, feature_dim=1, id_dim=1)
TWO_FEATURES = Dimensions(input_dim=5, feature_dim=2, id_dim=1)
SEVERAL_DIRECTIONS = Dimensions(input_dim=8, feature_dim=2, id_dim=4)


def draw_problems(setting: Setting, keys: Key[Array, " n"]) -> Problem:
    """One random problem of a setting for each key, batched along the first axis of every array."""
    match setting:
        case Setting.ONE_ID_DIRECTION:
            return _corner_problems(TWO_FEATURES, jnp.array([1e-7, 1.4]), jnp.array(0.25), keys)
        case Setting.PERFECT_FEATURES:
            return _corner_problems(ONE_DIRECTION, jnp.array([1e-7, 1.4]), jnp.array(1.0), keys)
        case Setting.GOOD_FEATURES:
            return _corner_problems(ONE_DIRECTION, jnp.array([1e-9, 1e-2]), jnp.array(0.0), keys)
        case _:
            return _moderate_problems(keys)


@partial(compiled_quickly, static_argnames="dimensions")
def _corner_problems(
    dimensions: Dimensions, errors: Float[Array, "2"], perfect_share: Float[Array, ""], keys: Key[Array, " n"]
) -> Problem:
    """One ID direction, any angle, W and the head over six decades; eps log-uniform, or 0 in a share of the cases."""

    def draw(key: PRNGKeyArray) -> Problem:
        chance_key, problem_key = jax.random.split(key)
        # All chances in one draw, since each draw costs a quarter of a second of compilation.
        chances = jax.random.uniform(chance_key, (10,))
        norm = _between(1e-3, 1e3, chances[0])
        error = _between(errors[0], errors[1], chances[1])
        problem = sample_problem(
            dimensions,
            jnp.full(dimensions.angle_count, _angle(chances[2:5])),
            jnp.ones(dimensions.id_dim),
            feature_error=jnp.where(chances[5] < perfect_share, 0.0, error),
            truth_norm=norm,
            head_scale=norm,
            key=problem_key,
        )
        return problem.with_head(_corner_head(problem, norm, chances[6:]))

    return jax.vmap(draw)(keys)


def _between(low: Scalar | float, high: Scalar | float, chance: Float[Array, ""]) -> Float[Array, ""]:
    """A positive number between two others, log-uniform as the chance is uniform."""
    return low * (jnp.asarray(high) / low) ** chance


def _angle(chances: Float[Array, "3"]) -> Float[Array, ""]:
    """Uniform in (0, pi / 2), close to either end in half of the cases."""
    close, uniform = _between(1e-4, 0.3, chances[0]), chances[1] * jnp.pi / 2
    return _pick(jnp.stack([uniform, uniform, close, jnp.pi / 2 - close]), chances[2])


def _corner_head(problem: Problem, norm: Scalar, chances: Float[Array, "4"]) -> Float[Array, " k"]:
    """A head that is random at any scale, parallel or opposite to the aligned truth, nearly perfect, or zero."""
    truth = aligned_truth(problem).head
    near, far = _between(0.1, 10.0, chances[0]), _between(0.1, 10.0, chances[1])
    heads = [
        problem.pretrained.head * near,
        problem.pretrained.head * _between(1e-3, 1e3, chances[2]) / norm,
        truth * far,
        -truth * far,
        truth * (1 + _between(1e-3, 1.0, chances[0])),
        jnp.zeros_like(truth),
    ]
    return _pick(jnp.stack(heads), chances[3])


def _pick(options: Float[Array, "n *shape"], chance: Float[Array, ""]) -> Float[Array, "*shape"]:
    return options[(chance * options.shape[0]).astype(int)]


@compiled_quickly
def _moderate_problems(keys: Key[Array, " n"]) -> Problem:
    """Several ID directions, scales within a decade of 1, condition number up to 100, eps from 1e-6 to 1."""
    exponents = jnp.linspace(0.0, 1.0, SEVERAL_DIRECTIONS.id_dim)

    def draw(key: PRNGKeyArray) -> Problem:
        chance_key, angle_key, problem_key = jax.random.split(key, 3)
        chances = jax.random.uniform(chance_key, (5,))
        largest = 0.05 + chances[0] * (jnp.pi / 2 - 0.1)
        return sample_problem(
            SEVERAL_DIRECTIONS,
            sample_angles_up_to(largest, SEVERAL_DIRECTIONS.angle_count, key=angle_key),
            _between(1.0, 100.0, chances[1]) ** -exponents,
            feature_error=_between(1e-6, 1.0, chances[2]),
            truth_norm=_between(0.3, 3.0, chances[3]),
            head_scale=_between(0.3, 3.0, chances[4]),
            key=problem_key,
        )

    return jax.vmap(draw)(keys)
