"""Lower bounds on the OOD risk of fine-tuning, at every time: as published, corrected, and implicit.

With W = |w*|, eps the feature error, phi the head alignment error (aligned truth) and c the `off_subspace_cosine`:

- published: `c / sqrt(k) min(phi, phi^2 / W) / (1 + W)^2 - eps`. False: see `theory.statements.ft_ood_lower_bound`.
- corrected: `c / 2 min(phi, phi^2 / W) / (1 + W)^2 - eps W`. Proved; c / 2 cannot be raised.
- implicit: `c x - eps W` with x the root of an increasing function. Proved, and the corrected bound follows from it.

On most problems the half-space bound of `theory.bounds.half_space` says much more than any of them.

Each is a bound on D = |w - w*|; sqrt(OOD risk) is at least sqrt(sigma_min(Sigma)) D.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Scalar

from theory.alignment import aligned_truth, feature_error, head_alignment_error, truth_norm
from theory.compiled import compiled_and_checked
from theory.problem import Problem
from theory.risks import ood_conditioning
from theory.subspaces import off_subspace_cosine

#: Halvings of the bracket: its width ends 2^-110 of its start, so that roots far below it keep all their digits.
BISECTIONS = 110


@compiled_and_checked
def published_lower_bound(problem: Problem) -> Float[Array, ""]:
    """Lower bound on sqrt(OOD risk) of fine-tuning at every time, with the constants as published.

    Violated by up to a factor of 2 / sqrt(k) where W is small, and without limit where W > 1 and eps > 0: there the
    term `- eps` must scale with W. Negative values say nothing. Here phi uses the aligned truth, without which the
    statement has no meaning.
    Source: submission, Theorem 3.1, equation 3.7; camera-ready, the same form with Sigma.
    """
    cosine = off_subspace_cosine(problem.pretrained.features, problem.id_frame)
    root_k = jnp.sqrt(problem.feature_dim)
    head_term = explicit_head_term(head_alignment_error(problem), truth_norm(problem))
    return _ood_scale(problem) * (cosine / root_k * head_term - feature_error(problem))


@compiled_and_checked
def corrected_lower_bound(problem: Problem) -> Float[Array, ""]:
    """Lower bound on sqrt(OOD risk) of fine-tuning at every time, with constants that are proved.

    Against the published one: 1/2 in place of 1/sqrt(k), which no larger constant can replace, and `eps W` in place of
    `eps`. Source: docs/theory.md, section "The corrected lower bound".
    """
    cosine = off_subspace_cosine(problem.pretrained.features, problem.id_frame)
    error = feature_error(problem) * truth_norm(problem)
    head_term = explicit_head_term(head_alignment_error(problem), truth_norm(problem))
    return _ood_scale(problem) * jnp.maximum(cosine / 2 * head_term - error, 0.0)


@compiled_and_checked
def implicit_lower_bound(problem: Problem) -> Float[Array, ""]:
    """Lower bound on sqrt(OOD risk) of fine-tuning at every time, as the root of `head_error_ceiling`.

    At least as large as the corrected bound. Attained in a corner (k = m = 1); how far it is from the true infimum
    elsewhere `distort theory verify implicit_lower_bound` measures. 0 where some feature direction lies inside the ID
    subspace (c = 0) or the feature error alone explains the head. Source: docs/theory.md, section "The implicit
    lower bound".
    """
    cosine = off_subspace_cosine(problem.pretrained.features, problem.id_frame)
    norm = truth_norm(problem)
    root = smallest_head_error(head_alignment_error(problem), norm, head_is_long(problem))
    return _ood_scale(problem) * jnp.maximum(cosine * root - feature_error(problem) * norm, 0.0)


def smallest_head_error(phi: Scalar, norm: Scalar, long_head: Bool[Array, ""]) -> Float[Array, ""]:
    """x with H(x) = phi^2: a fine-tuned head whose start was misaligned by phi has |v - v*| of at least this.

    Args:
      phi: head alignment error, at least 0.
      norm: W = |w*|, or its counterpart for several outputs.
      long_head: which branch of H holds: `head_is_long`.
    """
    # Upper ends from single terms of H: H >= W^2 x^2 for a long head, H >= y^2 >= x^4 for a short one.
    top = jnp.where(long_head, phi / jnp.where(norm > 0, norm, 1.0), jnp.sqrt(jnp.where(phi > 0, phi, 1.0)))
    return head_error_root(phi, lambda x: head_error_ceiling(x, norm, long_head), top)


def head_error_ceiling(error: Scalar, norm: Scalar, long_head: Bool[Array, ""]) -> Float[Array, ""]:
    """The largest phi^2 that a fine-tuned head within `error` of v* can have started from: H(x), increasing.

    With y = x sqrt(1 + (W + x)^2), how far B^T v* can be from w* when |w - w*| + eps W = c x:
    H = 2 W^3 x + W^2 x^2 + W^2 - (W - y)_+^2 where (v0 . v*)^2 >= W^4 (`long_head`), and
    H = W^4 - W^2 (W - x)_+^2 + 2 W y + y^2 otherwise.

    Args:
      error: x, at least 0.
      norm: W.
      long_head: which branch of H holds: `head_is_long`.
    """
    spread = error * jnp.sqrt(1 + (norm + error) ** 2)
    # W^2 - (W - y)_+^2 and W^4 - W^2 (W - x)_+^2, without the cancellation
    within_y, within_x = jnp.minimum(spread, norm), jnp.minimum(error, norm)
    long_ceiling = 2 * norm**3 * error + norm**2 * error**2 + within_y * (2 * norm - within_y)
    short_ceiling = norm**2 * within_x * (2 * norm - within_x) + 2 * norm * spread + spread**2
    return jnp.where(long_head, long_ceiling, short_ceiling)


def head_is_long(problem: Problem) -> Bool[Array, ""]:
    """Whether |v0 . v*| >= W^2 for the aligned truth: the two signs of phi^2 have different bounds."""
    overlap = problem.pretrained.head @ aligned_truth(problem).head
    return jnp.abs(overlap) >= jnp.sum(problem.truth.head**2)


def head_error_root(phi: Scalar, ceiling: Callable[[Scalar], Scalar], top: Scalar) -> Float[Array, ""]:
    """The x in [0, top] with `ceiling(x) = phi^2`, for an increasing ceiling; 0 where phi = 0.

    Bisection, which keeps all digits of small roots and ends below the root: the result is a valid lower bound.

    Args:
      phi: head alignment error, at least 0.
      ceiling: the largest phi^2 at a given x, increasing.
      top: an x at which the ceiling is at least phi^2.
    """
    goal = phi**2

    def halve(_, bracket):
        low, high = bracket
        middle = (low + high) / 2
        below = ceiling(middle) < goal
        return jnp.where(below, middle, low), jnp.where(below, high, middle)

    low, _ = jax.lax.fori_loop(0, BISECTIONS, halve, (jnp.zeros_like(top), top))
    low = jax.lax.stop_gradient(low)
    # A Newton step of length zero gives the bracket the derivative of the root.
    positive = low > 0
    at = jnp.where(positive, low, 1.0)
    slope = jax.lax.stop_gradient(jax.grad(ceiling)(at))
    step = (goal - ceiling(at)) / slope
    return jnp.where(positive, at + step - jax.lax.stop_gradient(step), 0.0)


def explicit_head_term(phi: Scalar, norm: Scalar) -> Float[Array, ""]:
    """min(phi, phi^2 / W) / (1 + W)^2, at most twice `smallest_head_error`."""
    return jnp.where(norm > 0, jnp.minimum(phi, phi**2 / jnp.where(norm > 0, norm, 1.0)), 0.0) / (1 + norm) ** 2


def _ood_scale(problem: Problem) -> Float[Array, ""]:
    return jnp.sqrt(ood_conditioning(problem)[0])
