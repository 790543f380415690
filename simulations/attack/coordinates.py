"""Unconstrained coordinates of a problem: what the descent moves, so that every point it visits is a valid problem."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from theory.networks import LinearNetwork
from theory.problem import Problem

#: Largest condition numbers of the training covariance: more than the first needs an implicit coarse path.
LARGEST_CONDITION, LARGEST_WIDE_CONDITION = 30.0, 1e8
#: Largest condition number of the OOD second moment, where there is one; its largest eigenvalue is 1.
LARGEST_OOD_CONDITION = 1e4


class AttackShape(NamedTuple):
    """k features and m ID directions in d inputs, by default 2 k + m: room for features, truth and ID in any position.

    The ID subspace may be the span of the first axes, in the eigenbasis of C: everything else is a rotation of that.
    `wide` adds an OOD second moment, condition numbers to 1e8, smaller truths, and starts with a feature inside S.
    """

    feature_dim: int
    id_dim: int
    wide: bool = False
    inputs: int | None = None

    @property
    def input_dim(self) -> int:
        """d."""
        return 2 * self.feature_dim + self.id_dim if self.inputs is None else self.inputs


class Coordinates(eqx.Module):
    """A problem without constraints: frames before orthonormalisation, scales as logarithms."""

    features: Float[Array, "d k"]
    perturbation: Float[Array, "d k"]
    log_error: Float[Array, ""]
    log_norm: Float[Array, ""]
    truth: Float[Array, " k"]
    head: Float[Array, " k"]
    spread: Float[Array, " m"]
    ood_axes: Float[Array, "d d"] | None = None
    ood_spread: Float[Array, " d"] | None = None

    @property
    def wide(self) -> bool:
        """Whether the shape is a wide one."""
        return self.ood_spread is not None


def random_coordinates(shape: AttackShape, *, key: PRNGKeyArray) -> Coordinates:
    """Where a descent starts: feature errors over seven decades, norms over more than three, four in wide shapes."""
    keys = jax.random.split(key, 7)
    frame = (shape.input_dim, shape.feature_dim)
    wide = _wide_part(shape, key=jax.random.fold_in(key, 7)) if shape.wide else (1.0, None, None)
    visible, ood_axes, ood_spread = wide
    features = jax.random.normal(keys[0], frame)
    return Coordinates(
        # The first feature of some wide starts lies inside the ID subspace.
        features=features.at[shape.id_dim :, 0].multiply(visible) if shape.wide else features,
        perturbation=jax.random.normal(keys[1], frame),
        log_error=jax.random.uniform(keys[2], minval=-16.0, maxval=0.0),
        log_norm=jax.random.uniform(keys[3], minval=-7.0 if shape.wide else -5.0, maxval=3.0),
        truth=jax.random.normal(keys[4], (shape.feature_dim,)),
        head=2 * jax.random.normal(keys[5], (shape.feature_dim,)),
        spread=2 * jax.random.normal(keys[6], (shape.id_dim,)),
        ood_axes=ood_axes,
        ood_spread=ood_spread,
    )


def _wide_part(
    shape: AttackShape, *, key: PRNGKeyArray
) -> tuple[Float[Array, ""], Float[Array, "d d"], Float[Array, " d"]]:
    """Whether the first feature is seen outside the ID subspace, and an OOD second moment."""
    visible_key, axes_key, spread_key = jax.random.split(key, 3)
    d = shape.input_dim
    visible = jax.random.bernoulli(visible_key, 0.7).astype(float)
    return visible, jax.random.normal(axes_key, (d, d)), 2 * jax.random.normal(spread_key, (d,))


def problem_at(coordinates: Coordinates) -> Problem:
    """The problem at these coordinates; the head is in units of W, so equal coordinates give equal shapes at any W."""
    features = jnp.linalg.qr(coordinates.features)[0]
    error = jnp.exp(coordinates.log_error)
    truth = jnp.linalg.qr(features + error * coordinates.perturbation)[0]
    # QR may flip the sign of a column; keep the truth next to the pretrained features.
    truth = truth * jnp.sign(jnp.sum(truth * features, axis=0))
    norm = jnp.exp(coordinates.log_norm)
    direction = coordinates.truth / jnp.linalg.norm(coordinates.truth)
    d, m = features.shape[0], coordinates.spread.shape[0]
    condition = LARGEST_WIDE_CONDITION if coordinates.wide else LARGEST_CONDITION
    return Problem(
        truth=LinearNetwork(head=norm * direction, features=truth.T),
        pretrained=LinearNetwork(head=norm * coordinates.head, features=features.T),
        id_frame=jnp.eye(d)[:, :m],
        training_covariance=jnp.diag(jnp.exp(-np.log(condition) * jax.nn.sigmoid(coordinates.spread))),
        ood_covariance=_ood_covariance(coordinates) if coordinates.wide else None,
    )


def _ood_covariance(coordinates: Coordinates) -> Float[Array, "d d"]:
    if coordinates.ood_axes is None or coordinates.ood_spread is None:
        raise ValueError("`coordinates` must be wide to have an OOD covariance, got narrow ones.")
    axes = jnp.linalg.qr(coordinates.ood_axes)[0]
    exponents = jax.nn.sigmoid(coordinates.ood_spread)
    covariance = (axes * jnp.exp(-np.log(LARGEST_OOD_CONDITION) * (exponents - jnp.min(exponents)))) @ axes.T
    return (covariance + covariance.T) / 2


def size(problem: Problem) -> Float[Array, ""]:
    """W + |v0|: the scale at which the sides of a statement are rounded."""
    return jnp.linalg.norm(problem.truth.head) + jnp.linalg.norm(problem.pretrained.head)
