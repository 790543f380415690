"""The ID side of fine-tuning with isotropic covariance and v v^T - A A^T = lam I, for any number of features.

With Q = [A^T; v^T] the flow is `dQ/ds = G Q - Q Q^T Q / 2` (s = 2 c t, G as in `one_active_unit`), and
`Q Q^T = E Q0 (1 + Q0^T I_s Q0)^-1 Q0^T E` holds A^T A, the ID weights A^T v and |v|^2: ID risk and training loss are
exact. The head itself, which the OOD risk needs, is not. Source: docs/theory.md, section "The ID side when Lambda is a
multiple of the identity".
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Scalar

from theory.fine_tuning.flow import conserved_form
from theory.fine_tuning.one_active_unit import PREMISE_RTOL, is_isotropic
from theory.reduction import ReducedProblem


class IdSide(eqx.Module):
    """What the solution says about ID inputs.

    Attributes:
      weights: F^T w = A^T v.
      feature_gram: A^T A.
      squared_head: |v|^2.
    """

    weights: Float[Array, " m"]
    feature_gram: Float[Array, "m m"]
    squared_head: Float[Array, ""]


def applies(reduced: ReducedProblem) -> Bool[Array, ""]:
    """Whether C = c I, v0 v0^T - A0 A0^T = lam I, and the ID target is not zero."""
    form = conserved_form(reduced.start)
    imbalance = jnp.trace(form) / form.shape[0]
    deviation = jnp.max(jnp.abs(form - imbalance * jnp.eye(form.shape[0])))
    size = jnp.sum(reduced.start.head**2) + jnp.sum(reduced.start.id_features**2)
    return is_isotropic(reduced) & (deviation <= PREMISE_RTOL * size) & jnp.any(reduced.id_target != 0)


def id_side_at(reduced: ReducedProblem, time: Scalar) -> IdSide:
    """The ID side at a time from 0 to infinity, for a problem to which this file `applies`."""
    start, target = reduced.start, reduced.id_target
    covariance = reduced.training_covariance
    scale = covariance[0] if covariance.ndim == 1 else covariance[0, 0]
    form = conserved_form(start)
    imbalance = jnp.trace(form) / form.shape[0]
    strength = jnp.linalg.norm(target)
    rate = jnp.sqrt(strength**2 + imbalance**2 / 4)
    angle = 0.5 * jnp.arctan2(strength, imbalance / 2)
    axis, sine, cosine = target / strength, jnp.sin(angle), jnp.cos(angle)
    growing = jnp.concatenate([sine * axis, cosine[None]])
    decaying = jnp.concatenate([cosine * axis, -sine[None]])
    matrix = jnp.concatenate([start.id_features.T, start.head[None, :]])
    columns, growth = _separated(matrix, growing)
    across = columns - jnp.outer(growing, growing @ columns) - jnp.outer(decaying, decaying @ columns)
    infinite = jnp.isinf(time)
    clock = 2 * scale * jnp.where(infinite, 1.0, time)
    # Q0 is unique up to rotations from the right: the first column holds all of the growing component, so every column
    # can be divided by its own growth and nothing overflows, however long the time.
    leads = jnp.arange(columns.shape[1]) == 0
    # -lam / 2 grows for lam < 0 (always so with k >= 2) and decays for lam > 0, where nothing must be divided out.
    drift = -imbalance / 2
    exponents = jnp.where(leads, rate, jnp.maximum(drift, 0.0))
    shrink = jnp.exp(-exponents * clock)
    evolved = (
        jnp.outer(growing, jnp.where(leads, growth, 0.0))
        + jnp.outer(decaying, decaying @ columns) * jnp.exp(-rate * clock) * shrink
        + across * jnp.exp((drift - exponents) * clock)
    )
    pairs = exponents[:, None] + exponents[None, :]
    gram_across, decaying_row = across.T @ across, decaying @ columns
    middle = (
        jnp.diag(shrink**2)
        + jnp.outer(leads, leads) * growth**2 * _accumulated(rate, 2 * rate, clock)
        + jnp.outer(decaying_row, decaying_row) * _accumulated(-rate, pairs, clock)
        + gram_across * _accumulated(drift, pairs, clock)
    )
    finite = evolved @ jnp.linalg.solve(middle, evolved.T)
    # In the limit only the growing direction and, where lam < 0, what the other columns span across it are left.
    frame = jnp.linalg.qr(across[:, 1:])[0] if columns.shape[1] > 1 else jnp.zeros((columns.shape[0], 0))
    limit = 2 * rate * jnp.outer(growing, growing) + 2 * jnp.maximum(drift, 0.0) * (frame @ frame.T)
    product = jnp.where(infinite, limit, finite)
    return IdSide(weights=product[:-1, -1], feature_gram=product[:-1, :-1], squared_head=product[-1, -1])


def _separated(
    matrix: Float[Array, "q k"], growing: Float[Array, " q"]
) -> tuple[Float[Array, "q k"], Float[Array, ""]]:
    """The matrix rotated from the right so that only its first column has a growing component, and that component."""
    row = growing @ matrix
    rotation = jnp.linalg.qr(row[:, None], mode="complete")[0]
    columns = matrix @ rotation
    return columns, row @ rotation[:, 0]


def _accumulated(rate: Scalar, exponent: Float[Array, "..."], clock: Scalar) -> Float[Array, "..."]:
    """int_0^s exp(2 rate s') ds' exp(-exponent s), where exponent >= 2 rate or the amplitude beside it is zero."""
    small = jnp.abs(rate) * clock < 1e-6
    safe = jnp.where(small, 1.0, rate)
    top = jnp.exp(jnp.minimum(2 * rate - exponent, 0.0) * clock)
    bottom = jnp.exp(-exponent * clock)
    return jnp.where(small, clock * bottom, (top - bottom) / (2 * safe))
