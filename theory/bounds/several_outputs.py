"""The lower bounds on fine-tuning for networks with several outputs, `f(x) = V^T B x`, in operator norms.

With W = ||V*||, D = ||B^T V - W*|| and Phi = V*^T V0 V0^T V* - (V*^T V*)^2 both bounds of `fine_tuning` hold word for
word, at every time. The positive and the negative part of Phi take the places of the two signs of phi^2.
Source: docs/theory.md, section "Several outputs"; no counterpart in the paper.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float, Scalar

from theory.bounds.fine_tuning import explicit_head_term, smallest_head_error
from theory.compiled import compiled


@compiled
def head_alignment_errors(
    head: Float[Array, "k q"], true_head: Float[Array, "k q"]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Roots of the largest eigenvalues of Phi and of -Phi; 0 where there is no positive one.

    With one output one of them is the head alignment error and the other 0.

    Args:
      head: V0.
      true_head: V*, aligned with the pretrained features.
    """
    overlap, gram = true_head.T @ head, true_head.T @ true_head
    eigenvalues = jnp.linalg.eigvalsh(overlap @ overlap.T - gram @ gram)
    positive, negative = (jnp.maximum(value, 0.0) for value in (eigenvalues[-1], -eigenvalues[0]))
    return jnp.sqrt(positive), jnp.sqrt(negative)


@compiled
def several_outputs_implicit_bound(
    head: Float[Array, "k q"], true_head: Float[Array, "k q"], feature_error: Scalar, off_cosine: Scalar
) -> Float[Array, ""]:
    """Lower bound on `||B^T V - W*||` at every time of fine-tuning, as the larger of two roots.

    Args:
      head: V0.
      true_head: V*, aligned: the truth has features at `feature_error` from the pretrained ones.
      off_cosine: c, `theory.subspaces.off_subspace_cosine`.
    """
    norm = jnp.linalg.norm(true_head, ord=2)
    above, below = head_alignment_errors(head, true_head)
    roots = [smallest_head_error(phi, norm, jnp.asarray(long)) for phi, long in ((above, True), (below, False))]
    return jnp.maximum(off_cosine * jnp.maximum(*roots) - feature_error * norm, 0.0)


@compiled
def several_outputs_corrected_bound(
    head: Float[Array, "k q"], true_head: Float[Array, "k q"], feature_error: Scalar, off_cosine: Scalar
) -> Float[Array, ""]:
    """Lower bound on `||B^T V - W*||` at every time of fine-tuning, explicit: phi^2 = ||Phi||, the constant 1/2.

    The arguments are those of `several_outputs_implicit_bound`.
    """
    norm = jnp.linalg.norm(true_head, ord=2)
    head_term = explicit_head_term(jnp.maximum(*head_alignment_errors(head, true_head)), norm)
    return jnp.maximum(off_cosine / 2 * head_term - feature_error * norm, 0.0)
