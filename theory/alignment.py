"""The aligned truth and the three numbers that the bounds are written in: W, eps and phi.

The truth (v*, B*) is unique only up to a rotation (U v*, U B*) of the features. The paper does not say which v* enters
the head alignment error; with an unaligned one the lower bound is meaningless. Everything here uses the rotation that
brings B* closest to the pretrained B0.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.compiled import compiled_and_checked
from theory.networks import LinearNetwork
from theory.problem import Problem
from theory.subspaces import aligning_rotation, feature_distance


@compiled_and_checked
def aligned_truth(problem: Problem) -> LinearNetwork:
    """The truth, rotated so that its features are as close to the pretrained ones as they can be.

    It computes the same function. Not unique where a pretrained feature direction is orthogonal to the true row space.
    """
    rotation = aligning_rotation(problem.pretrained.features, problem.truth.features)
    return LinearNetwork(head=rotation @ problem.truth.head, features=rotation @ problem.truth.features)


def truth_norm(problem: Problem) -> Float[Array, ""]:
    """W = |w*| = |v*|."""
    return jnp.linalg.norm(problem.truth.head)


@compiled_and_checked
def feature_error(problem: Problem) -> Float[Array, ""]:
    """eps = `||B0 - B*||_2` after alignment: how far pretraining is from the true features, in [0, sqrt 2]."""
    return feature_distance(problem.pretrained.features, problem.truth.features)


@compiled_and_checked
def head_alignment_error(problem: Problem) -> Float[Array, ""]:
    """phi = sqrt |(v0 . v*)^2 - W^4| with the aligned v*: how far the head is from being as good as its start can be.

    Written as a product of the sum and the difference of v0 . v* and W^2, which loses nothing where they nearly agree.
    Source: submission, Theorem 3.1, where phi^2 stands without the absolute value (`theory.bounds.as_printed`).
    """
    start, truth = problem.pretrained.head, aligned_truth(problem).head
    squared_norm = jnp.sum(problem.truth.head**2)
    overlap = start @ truth
    product = jnp.abs((overlap - squared_norm) * (overlap + squared_norm))
    # The square root has no derivative at 0; its gradient there is set to 0 instead of NaN.
    positive = product > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, product, 1.0)), 0.0)
