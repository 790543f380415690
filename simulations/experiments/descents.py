"""What the experiments with gradient descent share: training inputs of a problem, probed heads, stable steps."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Scalar

from theory.problem import Problem

#: Name in a summary.
DESCENT = "gradient descent"
#: Runs side by side: each takes thousands of steps, and a quick ensemble has no more members.
LANES = 64


def few_inputs(problem: Problem) -> Float[Array, "m d"]:
    """As few inputs as can have the problem's training covariance: with them descent costs the least."""
    return jnp.linalg.cholesky(problem.training_covariance).T @ problem.id_frame.T


def probed_head(
    features_of_inputs: Float[Array, "n k"], labels: Float[Array, "n *q"], start: Float[Array, "k *q"]
) -> Float[Array, "k *q"]:
    """The limit of linear probing: of all least-squares heads the one closest to the start.

    Args:
      features_of_inputs: X B0^T, one row an example.
      start: the head that probing begins with.
    """
    return start + jnp.linalg.pinv(features_of_inputs) @ (labels - features_of_inputs @ start)


def careful_learning_rate(largest_eigenvalue: Scalar, *heads: Float[Array, "..."], share: float = 0.1) -> Scalar:
    """A share of 2 / sharpness, with the curvature `2 L (|B|^2 + |v|^2)` of the loss at the longest of these heads."""
    longest = jnp.max(jnp.stack([jnp.sum(head**2) for head in heads]))
    return share / (largest_eigenvalue * (1 + longest))
