"""Unconstrained coordinates of a problem: what the descent moves, so that every point it visits is a valid problem."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from theory.networks import LinearNetwork
from theory.problem import Problem

#: Largest condition number of the training covariance; more needs more steps of the coarse path than a search can pay.
LARGEST_CONDITION = 30.0


class Shape(NamedTuple):
    """k features and m ID directions, in d = 2 k + m inputs: room for features, truth and ID subspace in any position.

    The ID subspace may be the span of the first axes, in the eigenbasis of C: everything else is a rotation of that.
    """

    feature_dim: int
    id_dim: int

    @property
    def input_dim(self) -> int:
        """d."""
        return 2 * self.feature_dim + self.id_dim


class Coordinates(eqx.Module):
    """A problem without constraints: frames before orthonormalisation, scales as logarithms."""

    features: Float[Array, "d k"]
    perturbation: Float[Array, "d k"]
    log_error: Float[Array, ""]
    log_norm: Float[Array, ""]
    truth: Float[Array, " k"]
    head: Float[Array, " k"]
    spread: Float[Array, " m"]


def random_coordinates(shape: Shape, *, key: PRNGKeyArray) -> Coordinates:
    """Where a descent starts: feature errors over seven decades, norms over more than three."""
    keys = jax.random.split(key, 7)
    frame = (shape.input_dim, shape.feature_dim)
    return Coordinates(
        features=jax.random.normal(keys[0], frame),
        perturbation=jax.random.normal(keys[1], frame),
        log_error=jax.random.uniform(keys[2], minval=-16.0, maxval=0.0),
        log_norm=jax.random.uniform(keys[3], minval=-5.0, maxval=3.0),
        truth=jax.random.normal(keys[4], (shape.feature_dim,)),
        head=2 * jax.random.normal(keys[5], (shape.feature_dim,)),
        spread=2 * jax.random.normal(keys[6], (shape.id_dim,)),
    )


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
    return Problem(
        truth=LinearNetwork(head=norm * direction, features=truth.T),
        pretrained=LinearNetwork(head=norm * coordinates.head, features=features.T),
        id_frame=jnp.eye(d)[:, :m],
        training_covariance=jnp.diag(jnp.exp(-np.log(LARGEST_CONDITION) * jax.nn.sigmoid(coordinates.spread))),
    )


def size(problem: Problem) -> Float[Array, ""]:
    """W + |v0|: the scale at which the sides of a statement are rounded."""
    return jnp.linalg.norm(problem.truth.head) + jnp.linalg.norm(problem.pretrained.head)
