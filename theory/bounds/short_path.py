"""Upper bounds on fine-tuning from a start that nearly fits: measured at the start, with no truth and no feature error.

With V = |v0|, rho = |X (w0 - w*)| the root of the training loss at the start and r = rho / sqrt(mu), the premise is
r < V^2. Then fine-tuning fits the training data on a path of the head of length at most p = V - sqrt(V^2 - r), and the
features move by at most 2 p. For LP-FT the start is the probed head, stopped early or not. Source: docs/theory.md,
section "The LP-FT upper bound"; on how far to probe: Ren, Guo, Bae and Sutherland, "How to prepare your task head for
finetuning", 2023; Tomihari and Sato, "Understanding linear probing then fine-tuning language models from NTK
perspective", 2024.
"""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Scalar

from theory.compiled import compiled_and_checked
from theory.problem import Problem
from theory.risks import ood_conditioning, training_loss
from theory.subspaces import off_projection


def head_path_bound(residual: Scalar, length: Scalar) -> Float[Array, ""]:
    """p = V - sqrt(V^2 - r) without the cancellation, at most r / V; infinite without the premise r < V^2.

    Args:
      residual: r, the root of the training loss at the start over that of the smallest eigenvalue of C.
      length: V; for several outputs the smallest singular value of the head, and the Frobenius norm in the residual.
    """
    holds = residual < length**2
    kept = jnp.where(holds, length**2 - residual, 1.0)
    return jnp.where(holds, residual / (jnp.where(holds, length, 1.0) + jnp.sqrt(kept)), jnp.inf)


@compiled_and_checked
def start_residual(problem: Problem) -> Float[Array, ""]:
    """r = rho / sqrt(mu) of the problem's own start."""
    loss = training_loss(problem.pretrained, problem)
    # No square root at 0: it has no derivative there.
    positive = loss > 0
    root = jnp.where(positive, jnp.sqrt(jnp.where(positive, loss, 1.0)), 0.0)
    return root / jnp.sqrt(jnp.linalg.eigvalsh(problem.training_covariance)[0])


@compiled_and_checked
def start_nearly_fits(problem: Problem) -> Bool[Array, ""]:
    """The premise: `rho < sqrt(mu) |v0|^2`."""
    return start_residual(problem) < jnp.sum(problem.pretrained.head**2)


@compiled_and_checked
def feature_movement_bound(problem: Problem) -> Float[Array, ""]:
    """Upper bound on `||B(t) - B0||_F` of fine-tuning from the problem's head, always; infinite without the premise."""
    return 2 * head_path_bound(start_residual(problem), jnp.linalg.norm(problem.pretrained.head))


@compiled_and_checked
def fine_tuning_upper_bound(problem: Problem) -> Float[Array, ""]:
    """Upper bound on sqrt(OOD risk) of fine-tuning at every time; infinite without the premise.

    `max(hypot(E, r), E + p)` with E = |P_perp (w0 - w*)|; at the limit E + p. Beside a lower bound it says to a small
    factor how wrong fine-tuning is.
    """
    error = problem.pretrained.weights - problem.truth.weights
    off = jnp.linalg.norm(off_projection(problem.id_frame, error[:, None]))
    residual = start_residual(problem)
    path = head_path_bound(residual, jnp.linalg.norm(problem.pretrained.head))
    return jnp.sqrt(ood_conditioning(problem)[1]) * jnp.maximum(jnp.hypot(off, residual), off + path)
