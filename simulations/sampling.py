"""Random problems at prescribed principal angles, feature error, sample size, norms and conditioning.

Every prescription is met to rounding, by construction and not by rejection, so that problems can be drawn under `vmap`
and an ensemble varies only in what was left open. Angles are in radians.
"""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, Shaped
from pydantic import model_validator

from artifacts.frozen import Frozen
from artifacts.runtime import NOT_OPTIMISED
from theory.arguments import RIGHT_ANGLE, check_double_precision, check_key, check_number, check_range, check_shape
from theory.networks import LinearNetwork
from theory.problem import Problem
from theory.subspaces import principal_angles

#: Two row spaces at a right angle.
LARGEST_FEATURE_ERROR = math.sqrt(2)
#: `jax.jit` for what takes milliseconds, such as drawing problems: code compiles in a third of the time.
unoptimised = partial(jax.jit, compiler_options=NOT_OPTIMISED)


#: A number, traced or not.
Number = Shaped[Array | np.ndarray, ""] | float


class Dimensions(Frozen):
    """d inputs, k features and m ID directions, with room for any angle between features and ID subspace: k + m <= d.

    The paper's overparameterised premise, k < m < d - k, is a special case.
    """

    input_dim: int
    feature_dim: int
    id_dim: int

    @model_validator(mode="after")
    def _leaves_room(self) -> "Dimensions":
        d, k, m = self.input_dim, self.feature_dim, self.id_dim
        if not (k >= 1 and m >= 1 and k + m <= d):
            raise ValueError(f"Dimensions must have k >= 1, m >= 1 and k + m <= d, got d={d}, k={k}, m={m}.")
        return self

    @property
    def angle_count(self) -> int:
        """How many principal angles lie between the pretrained features and the ID subspace: min(k, m)."""
        return min(self.feature_dim, self.id_dim)


def sample_problem(
    dimensions: Dimensions,
    angles: Float[Array, " r"],
    eigenvalues: Float[Array, " m"],
    *,
    feature_error: Number,
    truth_norm: Number = 1.0,
    head_scale: Number = 1.0,
    key: PRNGKeyArray,
) -> Problem:
    """A problem that is random in everything that the arguments leave open.

    Args:
      angles: all principal angles between the pretrained features and the ID subspace (`equal_angles`,
        `sample_angles_up_to`, `sample_generic_angles`).
      eigenvalues: those of the training covariance (`spread_eigenvalues`, `sample_eigenvalues`); its eigenbasis is
        random.
      feature_error: eps = ||B0 - B*||_2 after alignment, in [0, sqrt 2].
      truth_norm: W = |w*|.
      head_scale: sigma of the starting head, v0 ~ N(0, sigma^2 I).
    Raises:
      ValueError: an argument has another shape or lies outside its range (values that are traced are not seen), or JAX
        computes in single precision.
    """
    check_double_precision("sample_problem")
    check_key("sample_problem", key)
    angles, eigenvalues = jnp.asarray(angles, float), jnp.asarray(eigenvalues, float)  # lists are taken too
    k, m = dimensions.feature_dim, dimensions.id_dim
    check_shape("angles", angles, (dimensions.angle_count,), f"one for each of min(k, m), k={k}, m={m}")
    check_shape("eigenvalues", eigenvalues, (m,), f"m={m}")
    check_range("angles", angles, 0.0, RIGHT_ANGLE)
    check_range("eigenvalues", eigenvalues, 0.0, above=True)
    check_number("feature_error", feature_error, 0.0, LARGEST_FEATURE_ERROR)
    check_number("truth_norm", truth_norm, 0.0)
    check_number("head_scale", head_scale, 0.0)
    return _problem(dimensions, angles, eigenvalues, feature_error, truth_norm, head_scale, key)


def sample_frame(input_dim: int, dim: int, *, key: PRNGKeyArray) -> Float[Array, "{input_dim} {dim}"]:
    """A frame of a uniformly random subspace, itself uniformly random.

    Args:
      dim: of the subspace, from 1 to `input_dim`.
    """
    if not 1 <= dim <= input_dim:
        raise ValueError(f"`dim` must lie between 1 and `input_dim`, got {dim} of {input_dim}.")
    check_key("sample_frame", key)
    return _uniform_frame(jax.random.normal(key, (input_dim, dim)))


def sample_truth(
    features: Float[Array, "k d"],
    feature_error: Number,
    truth_norm: Number,
    *,
    key: PRNGKeyArray,
) -> LinearNetwork:
    """A true network of norm W whose features lie at distance eps from the pretrained ones.

    The row spaces meet at the largest angle 2 arcsin(eps / 2); the other angles are uniform below it. With d < 2 k only
    d - k of them can differ from zero. The representation (v*, B*) is a random one of its equivalence class.

    Args:
      features: those that were pretrained, with orthonormal rows.
      feature_error: eps, in [0, sqrt 2].
      truth_norm: W = |w*|, at least 0.
    """
    k, d = features.shape
    if not 1 <= k < d:
        raise ValueError(f"`features` must have 1 <= k < d rows, got k={k}, d={d}.")
    check_number("feature_error", feature_error, 0.0, LARGEST_FEATURE_ERROR)
    check_number("truth_norm", truth_norm, 0.0)
    check_key("sample_truth", key)
    return _truth(features, feature_error, truth_norm, key)


def equal_angles(dimensions: Dimensions, angle: Number) -> Float[Array, " r"]:
    """The same principal angle in every direction."""
    check_number("angle", angle, 0.0, RIGHT_ANGLE)
    return jnp.full(dimensions.angle_count, angle)


def sample_angles_up_to(largest: Number, count: int, *, key: PRNGKeyArray) -> Float[Array, " {count}"]:
    """One angle equal to the largest, the others uniform between 0 and it.

    Args:
      largest: in radians, from 0 to pi / 2.
    """
    if count < 1:
        raise ValueError(f"`count` must be at least 1, got {count}.")
    check_number("largest", largest, 0.0, RIGHT_ANGLE)
    check_key("sample_angles_up_to", key)
    return jnp.asarray(largest) * jax.random.uniform(key, (count,)).at[0].set(1.0)


def sample_generic_angles(dimensions: Dimensions, *, key: PRNGKeyArray) -> Float[Array, " r"]:
    """The principal angles of two uniformly random subspaces."""
    d, k, m = dimensions.input_dim, dimensions.feature_dim, dimensions.id_dim
    small, large = min(k, m), max(k, m)
    # By symmetry the larger subspace may be the span of the first coordinates.
    return principal_angles(jnp.eye(d, large), sample_frame(d, small, key=key))


def spread_eigenvalues(id_dim: int, condition: Number) -> Float[Array, " {id_dim}"]:
    """Eigenvalues from 1 down to 1 / condition, evenly spaced in logarithm; all 1 where condition = 1 or m = 1."""
    if id_dim < 1:
        raise ValueError(f"`id_dim` must be at least 1, got {id_dim}.")
    check_number("condition", condition, 1.0)
    return jnp.logspace(0.0, -1.0, id_dim, base=condition) if id_dim > 1 else jnp.ones(1)


def sample_eigenvalues(id_dim: int, examples: int, *, key: PRNGKeyArray) -> Float[Array, " {id_dim}"]:
    """Eigenvalues of the covariance of n Gaussian examples on the ID subspace, scaled by 1/n so that they tend to 1.

    Args:
      id_dim: m, the number of eigenvalues.
      examples: n, at least m.
    Raises:
      ValueError: fewer examples than ID directions, which would leave directions unseen.
    """
    if id_dim < 1:
        raise ValueError(f"`id_dim` must be at least 1, got {id_dim}.")
    if examples < id_dim:
        raise ValueError(f"`examples` must be at least the ID dimension, got n={examples}, m={id_dim}.")
    check_key("sample_eigenvalues", key)
    inputs = jax.random.normal(key, (examples, id_dim)) / jnp.sqrt(examples)
    return jnp.linalg.svd(jnp.linalg.qr(inputs, mode="r"), compute_uv=False) ** 2


# One program each: thirty small ones, one for every line, take almost twice as long to compile.
@partial(jax.jit, static_argnums=0)
def _problem(
    dimensions: Dimensions,
    angles: Float[Array, " r"],
    eigenvalues: Float[Array, " m"],
    feature_error: Number,
    truth_norm: Number,
    head_scale: Number,
    key: PRNGKeyArray,
) -> Problem:
    d, k, m = dimensions.input_dim, dimensions.feature_dim, dimensions.id_dim
    normal_key, truth_key = jax.random.split(key)
    directions, mixing, axes, head = _normals((d, m + k), (k, k), (m, m), (k,), key=normal_key)
    frame = _uniform_frame(directions)
    features = _uniform_frame(mixing) @ _tilted_rows(frame[:, :m], frame[:, m:], angles)
    basis = _uniform_frame(axes)
    covariance = (basis * eigenvalues) @ basis.T
    return Problem(
        truth=_truth(features, feature_error, truth_norm, truth_key),
        pretrained=LinearNetwork(head=jnp.asarray(head_scale) * head, features=features),
        id_frame=frame[:, :m],
        training_covariance=(covariance + covariance.T) / 2,
    )


@jax.jit
def _truth(
    features: Float[Array, "k d"], feature_error: Number, truth_norm: Number, key: PRNGKeyArray
) -> LinearNetwork:
    k, d = features.shape
    normal_key, angle_key = jax.random.split(key)
    count = min(k, d - k)
    mixing, outside, direction, rotation = _normals((k, k), (d, count), (k,), (k, k), key=normal_key)
    largest = 2 * jnp.arcsin(jnp.asarray(feature_error) / 2)
    angles = sample_angles_up_to(largest, count, key=angle_key)
    rows = _uniform_frame(mixing) @ features
    away = jnp.linalg.qr(jnp.concatenate([features.T, outside], axis=1))[0][:, k:].T
    turned = jnp.cos(angles)[:, None] * rows[:count] + jnp.sin(angles)[:, None] * away
    return LinearNetwork(
        head=truth_norm * direction / jnp.linalg.norm(direction),
        features=_uniform_frame(rotation) @ jnp.concatenate([turned, rows[count:]]),
    )


def _tilted_rows(
    id_frame: Float[Array, "d m"], off_frame: Float[Array, "d k"], angles: Float[Array, " r"]
) -> Float[Array, "k d"]:
    """Orthonormal rows at these angles to the ID subspace; rows beyond m lie outside it."""
    r = angles.shape[0]
    tilted = jnp.cos(angles) * id_frame[:, :r] + jnp.sin(angles) * off_frame[:, :r]
    return jnp.concatenate([tilted, off_frame[:, r:]], axis=1).T


def _uniform_frame(gaussian: Float[Array, "d m"]) -> Float[Array, "d m"]:
    frame, triangular = jnp.linalg.qr(gaussian)
    # QR fixes signs by convention; undoing that makes the law invariant under rotations (Mezzadri, 2007).
    return frame * jnp.where(jnp.diagonal(triangular) < 0, -1.0, 1.0)


def _normals(*shapes: tuple[int, ...], key: PRNGKeyArray) -> list[Float[Array, "..."]]:
    """Standard normal arrays from a single draw: each draw costs a second of compilation, an array costs nothing."""
    sizes = [math.prod(shape) for shape in shapes]
    numbers = jnp.split(jax.random.normal(key, (sum(sizes),)), np.cumsum(sizes)[:-1])
    return [part.reshape(shape) for part, shape in zip(numbers, shapes, strict=True)]
