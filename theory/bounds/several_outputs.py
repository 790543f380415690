"""The implicit lower bound for networks with several outputs, in operator norms."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Scalar

from theory.bounds.fine_tuning import head_error_root


def several_outputs_lower_bound(
    head: Float[Array, "k q"], true_head: Float[Array, "k q"], feature_error: Scalar, off_cosine: Scalar
) -> Float[Array, ""]:
    """Lower bound on `||B^T V - W*||_2` at every time of fine-tuning, for `f(x) = V^T B x` with q outputs.

    `c x - eps ||V*||` with `2 W^3 x + W^2 x^2 + 2 W y + y^2 = phi^2` and
    `phi^2 = ||V*^T V0 V0^T V* - (V*^T V*)^2||`; the two signs of phi^2 that sharpen the bound for one output do not
    separate. Source: docs/theory.md, section "Several outputs".

    Args:
      head: V0.
      true_head: V*, aligned: the truth has features at `feature_error` from the pretrained ones.
      off_cosine: c, `theory.subspaces.off_subspace_cosine`.
    """
    norm = jnp.linalg.norm(true_head, ord=2)
    overlap, gram = true_head.T @ head, true_head.T @ true_head
    error = jnp.linalg.norm(overlap @ overlap.T - gram @ gram, ord=2)
    root = head_error_root(jnp.sqrt(error), lambda x: both_signs_ceiling(x, norm), jnp.sqrt(jnp.sqrt(error)))
    return jnp.maximum(off_cosine * root - feature_error * norm, 0.0)


def both_signs_ceiling(error: Scalar, norm: Scalar) -> Float[Array, ""]:
    """`2 W^3 x + W^2 x^2 + 2 W y + y^2`, at least `head_error_ceiling` of either sign."""
    spread = error * jnp.sqrt(1 + (norm + error) ** 2)
    return 2 * norm**3 * error + norm**2 * error**2 + 2 * norm * spread + spread**2
