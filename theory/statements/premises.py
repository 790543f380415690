"""Premises as predicates that can be asked of a problem."""

import jax.numpy as jnp
from jaxtyping import Array, Bool

from theory.alignment import feature_error
from theory.problem import Problem
from theory.subspaces import NO_ANGLE, off_projection, off_subspace_cosine, on_subspace_cosine


def always(problem: Problem) -> Bool[Array, ""]:
    """No premise beyond those of `Problem`."""
    return jnp.asarray(True)


def off_subspace_visible(problem: Problem) -> Bool[Array, ""]:
    """cos theta_max(R0, S_perp) != 0: no feature direction lies inside the ID subspace."""
    return off_subspace_cosine(problem.pretrained.features, problem.id_frame) > NO_ANGLE


def on_subspace_visible(problem: Problem) -> Bool[Array, ""]:
    """cos theta_max(R0, S) != 0 and k <= m: ID inputs excite every feature."""
    return on_subspace_cosine(problem.pretrained.features, problem.id_frame) > NO_ANGLE


def features_are_perfect(problem: Problem) -> Bool[Array, ""]:
    """B0 = U B* for some rotation U: eps = 0."""
    return feature_error(problem) <= NO_ANGLE


def truth_is_outside_features(problem: Problem) -> Bool[Array, ""]:
    """On the ID subspace the truth is no combination of the pretrained features: linear probing cannot fit it."""
    seen = problem.id_frame.T @ problem.pretrained.features.T
    target = problem.id_frame.T @ problem.truth.weights
    frame = jnp.linalg.qr(seen)[0]  # everything where k >= m
    return jnp.linalg.norm(off_projection(frame, target[:, None])) > 1e-6 * jnp.linalg.norm(target)
