"""Random problems on which statements are verified: one family for each setting, in any dimensions that it allows.

Scales are drawn log-uniformly over decades, angles uniformly with their extremes given extra weight, heads in every
position towards the truth: the violations of the published bound sit in corners that a Gaussian would never visit.
"""

from collections.abc import Callable
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, PRNGKeyArray, Scalar

from artifacts import UserError
from simulations.sampling import Dimensions, sample_angles_up_to, sample_frame, sample_problem, unoptimised
from theory.alignment import aligned_truth
from theory.problem import Problem
from theory.statements import Setting

_FOUR_INPUTS = Dimensions(input_dim=4, feature_dim=1, id_dim=1)
_EIGHT_INPUTS = Dimensions(input_dim=8, feature_dim=2, id_dim=4)
#: Dimensions of the problems of each setting, where no others are asked for.
DIMENSIONS = {
    Setting.ONE_ID_DIRECTION: Dimensions(input_dim=5, feature_dim=2, id_dim=1),
    Setting.SEVERAL_ID_DIRECTIONS: _EIGHT_INPUTS,
    Setting.RAW_PARAMETERS: _EIGHT_INPUTS,
    Setting.PERFECT_FEATURES: _FOUR_INPUTS,
    Setting.GOOD_FEATURES: _FOUR_INPUTS,
    Setting.MANY_FEATURES: Dimensions(input_dim=10, feature_dim=8, id_dim=1),
    Setting.WIDE_SCALES: Dimensions(input_dim=8, feature_dim=3, id_dim=4),
    Setting.ANY_LOSS: _EIGHT_INPUTS,
    Setting.FINITE_STEPS: _EIGHT_INPUTS,
    Setting.WEIGHT_DECAY: _EIGHT_INPUTS,
}
#: A function that draws one problem; traced, so it draws valid ones by construction.
Sampler = Callable[[PRNGKeyArray], Problem]
#: Largest condition number of a drawn second moment of ID or OOD inputs, whose largest eigenvalue is 1.
LARGEST_MOMENT_CONDITION = 1e4


def allows(setting: Setting, dimensions: Dimensions) -> bool:
    """Whether a setting has problems of these dimensions: it is for m = 1, where paths are closed, or for m > 1."""
    return (dimensions.id_dim == 1) == (DIMENSIONS[setting].id_dim == 1)


def draw_problems(setting: Setting, keys: Key[Array, " n"], dimensions: Dimensions | None = None) -> Problem:
    """One random problem of a setting for each key, batched along the first axis of every array.

    Args:
      dimensions: with m = 1 or m > 1 as the setting has it; None for its own.
    Raises:
      ValueError: the setting has no problems of these dimensions.
    """
    dimensions = dimensions or DIMENSIONS[setting]
    if not allows(setting, dimensions):
        raise ValueError(f"`dimensions` must fit the setting '{setting.value}', got m={dimensions.id_dim}.")
    match setting:
        case Setting.ONE_ID_DIRECTION:
            return _corner_problems(dimensions, jnp.array([1e-7, 1.4]), jnp.array(0.25), keys)
        case Setting.PERFECT_FEATURES:
            return _corner_problems(dimensions, jnp.array([1e-7, 1.4]), jnp.array(1.0), keys)
        case Setting.GOOD_FEATURES:
            return _corner_problems(dimensions, jnp.array([1e-9, 1e-2]), jnp.array(0.0), keys)
        case Setting.MANY_FEATURES:
            return _with_moments(_corner_problems(dimensions, jnp.array([1e-7, 1.4]), jnp.array(0.25), keys), keys)
        case Setting.WIDE_SCALES:
            return _with_moments(_wide_problems(dimensions, keys), keys)
        case _:
            return _moderate_problems(dimensions, keys)


@partial(unoptimised, static_argnames="sampler")
def sampled_problems(sampler: Sampler, keys: Key[Array, " n"]) -> Problem:
    """One problem of the caller's own sampler for each key, batched along the first axis of every array."""

    def drawn(key: PRNGKeyArray) -> Problem:
        problem = sampler(key)
        if not isinstance(problem, Problem):
            raise UserError(f"A sampler must give a theory.Problem from a key, got {type(problem).__name__}.")
        return problem

    return jax.vmap(drawn)(keys)


@partial(unoptimised, static_argnames="dimensions")
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


@partial(unoptimised, static_argnames="dimensions")
def _moderate_problems(dimensions: Dimensions, keys: Key[Array, " n"]) -> Problem:
    """Several ID directions, scales within a decade of 1, condition number up to 100, eps from 1e-6 to 1."""
    exponents = jnp.linspace(0.0, 1.0, dimensions.id_dim)

    def draw(key: PRNGKeyArray) -> Problem:
        chance_key, angle_key, problem_key = jax.random.split(key, 3)
        chances = jax.random.uniform(chance_key, (5,))
        largest = 0.05 + chances[0] * (jnp.pi / 2 - 0.1)
        return sample_problem(
            dimensions,
            sample_angles_up_to(largest, dimensions.angle_count, key=angle_key),
            _between(1.0, 100.0, chances[1]) ** -exponents,
            feature_error=_between(1e-6, 1.0, chances[2]),
            truth_norm=_between(0.3, 3.0, chances[3]),
            head_scale=_between(0.3, 3.0, chances[4]),
            key=problem_key,
        )

    return jax.vmap(draw)(keys)


@partial(unoptimised, static_argnames="dimensions")
def _wide_problems(dimensions: Dimensions, keys: Key[Array, " n"]) -> Problem:
    """Several ID directions: W and the head from 1e-3 to 3, condition number to 1e8, eps from 1e-9, a feature inside S.

    In a quarter of the cases some feature direction lies inside the ID subspace (c = 0), in another some nearly does.
    """
    exponents = jnp.linspace(0.0, 1.0, dimensions.id_dim)

    def draw(key: PRNGKeyArray) -> Problem:
        chance_key, angle_key, problem_key = jax.random.split(key, 3)
        chances = jax.random.uniform(chance_key, (11,))
        angles = sample_angles_up_to(0.05 + chances[0] * (jnp.pi / 2 - 0.1), dimensions.angle_count, key=angle_key)
        smallest = _pick(
            jnp.stack([angles[-1], angles[-1], _between(1e-4, 0.3, chances[1]), jnp.array(0.0)]), chances[2]
        )
        problem = sample_problem(
            dimensions,
            angles.at[-1].set(smallest),
            _between(1.0, 1e8, chances[3]) ** -exponents,
            feature_error=_between(1e-9, 1.0, chances[4]),
            truth_norm=_between(1e-3, 3.0, chances[5]),
            head_scale=_between(1e-3, 3.0, chances[6]),
            key=problem_key,
        )
        return problem.with_head(_wide_head(problem, chances[7:]))

    return jax.vmap(draw)(keys)


def _wide_head(problem: Problem, chances: Float[Array, "4"]) -> Float[Array, " k"]:
    """A head that is random, or parallel or opposite to the aligned truth, at most ten times as long."""
    truth, far = aligned_truth(problem).head, _between(0.1, 10.0, chances[0])
    return _pick(jnp.stack([problem.pretrained.head, problem.pretrained.head, truth * far, -truth * far]), chances[1])


@unoptimised
def _with_moments(problems: Problem, keys: Key[Array, " n"]) -> Problem:
    """The same problems with random ID and OOD second moments, the identity in a third of the cases."""
    d, m = problems.id_frame.shape[1:]

    def moments(key: PRNGKeyArray) -> tuple[Float[Array, "m m"], Float[Array, "d d"]]:
        # `fold_in`: the problems have used the keys themselves.
        keys = jax.random.split(jax.random.fold_in(key, 1))
        return _moment(m, key=keys[0]), _moment(d, key=keys[1])

    return eqx.tree_at(
        lambda problem: (problem.id_covariance, problem.ood_covariance),
        problems,
        jax.vmap(moments)(keys),
        is_leaf=lambda leaf: leaf is None,
    )


def _moment(dim: int, *, key: PRNGKeyArray) -> Float[Array, "{dim} {dim}"]:
    """A second moment with largest eigenvalue 1, in a random basis."""
    basis_key, chance_key = jax.random.split(key)
    chances = jax.random.uniform(chance_key, (dim + 1,))
    largest = jnp.where(chances[0] < 1 / 3, 1.0, _between(1.0, LARGEST_MOMENT_CONDITION, chances[1]))
    eigenvalues = largest ** -chances[1:].at[0].set(0.0)
    basis = sample_frame(dim, dim, key=basis_key)
    covariance = (basis * eigenvalues) @ basis.T
    return (covariance + covariance.T) / 2
