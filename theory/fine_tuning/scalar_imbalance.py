"""The ID side of fine-tuning with isotropic covariance and v v^T - A A^T = lam I, for any number of features.

With Q = [A^T; v^T] the flow is `dQ/ds = G Q - Q Q^T Q / 2` (s = 2 c t, G as in `one_active_unit`), and
`Q Q^T = E Q0 (1 + Q0^T I_s Q0)^-1 Q0^T E` holds A^T A, the ID weights A^T v and |v|^2: ID risk and training loss are
exact. The head itself, which the OOD risk needs, is not. Source: docs/theory.md, section "The ID side when Lambda is a
multiple of the identity".
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Scalar

from theory.compiled import compiled
from theory.fine_tuning.flow import conserved_form, squared_size
from theory.fine_tuning.one_active_unit import PREMISE_RTOL, is_isotropic
from theory.reduction import ReducedProblem

#: A component that is absent may grow up to exp of this, which keeps its zero a zero.
LARGEST_EXPONENT = 300.0


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


@compiled
def applies(reduced: ReducedProblem) -> Bool[Array, ""]:
    """Whether C = c I, v0 v0^T - A0 A0^T = lam I, and the ID target is not zero."""
    form = conserved_form(reduced.start)
    imbalance = jnp.trace(form) / form.shape[0]
    deviation = jnp.max(jnp.abs(form - imbalance * jnp.eye(form.shape[0])))
    cancelled = deviation <= PREMISE_RTOL * squared_size(reduced.start)
    return is_isotropic(reduced) & cancelled & jnp.any(reduced.id_target != 0)


@compiled
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
    grows = growth[0] != 0
    across = columns - jnp.outer(growing, growing @ columns) - jnp.outer(decaying, decaying @ columns)
    infinite = jnp.isinf(time)
    clock = 2 * scale * jnp.where(infinite, 1.0, time)
    # Q0 is unique up to rotations from the right: the first column holds all of the growing component, so every column
    # can be divided by its own growth and nothing overflows, however long the time.
    leads = (jnp.arange(columns.shape[1]) == 0) & grows
    # -lam / 2 grows for lam < 0 (always so with k >= 2, but for lam = 0) and decays for lam > 0, where nothing must be
    # divided out.
    drift = -imbalance / 2
    exponents = jnp.where(leads, rate, jnp.maximum(drift, 0.0))
    shrink = jnp.exp(-exponents * clock)
    evolved = (
        jnp.outer(growing, growth * jnp.exp(jnp.minimum((rate - exponents) * clock, LARGEST_EXPONENT)))
        + jnp.outer(decaying, decaying @ columns) * jnp.exp(-rate * clock) * shrink
        + across * jnp.exp((drift - exponents) * clock)
    )
    pairs = exponents[:, None] + exponents[None, :]
    gram_across, decaying_row = across.T @ across, decaying @ columns
    middle = (
        jnp.diag(shrink**2)
        + jnp.outer(growth, growth) * _accumulated(rate, pairs, clock)
        + jnp.outer(decaying_row, decaying_row) * _accumulated(-rate, pairs, clock)
        + gram_across * _accumulated(drift, pairs, clock)
    )
    finite = evolved @ jnp.linalg.solve(middle, evolved.T)
    # In the limit only the growing direction and, where lam < 0, what the other columns span across it are left.
    # With lam = 0 the other columns vanish, up to rounding.
    spans = ~leads & (drift > PREMISE_RTOL * rate)
    spanning = jnp.where(spans, across, 0.0)
    gram = spanning.T @ spanning + jnp.diag(jnp.where(spans, 0.0, 1.0))
    projector = spanning @ jnp.linalg.solve(gram, spanning.T)
    grown = jnp.where(grows, 2 * rate, 0.0) * jnp.outer(growing, growing)
    limit = grown + 2 * jnp.maximum(drift, 0.0) * projector
    product = jnp.where(infinite, limit, finite)
    return IdSide(weights=product[:-1, -1], feature_gram=product[:-1, :-1], squared_head=product[-1, -1])


def _separated(
    matrix: Float[Array, "q k"], growing: Float[Array, " q"]
) -> tuple[Float[Array, "q k"], Float[Array, " k"]]:
    """The matrix reflected from the right so that only its first column has a growing component, and these components.

    A start on the stable manifold of the saddle has none and stays there: rounding must not push it off. There all
    components are 0, but keep their derivatives.
    """
    row = growing @ matrix
    rounding = 4 * jnp.finfo(row.dtype).eps * jnp.linalg.norm(jnp.abs(growing) @ jnp.abs(matrix))
    present = jnp.sum(row**2) > rounding**2
    first = jnp.zeros_like(row).at[0].set(1.0)
    safe = jnp.where(present, row, first)
    # A Householder reflection, since the derivative of a complete QR decomposition is not there.
    side = jnp.where(safe[0] >= 0, 1.0, -1.0)
    size = jnp.linalg.norm(safe)
    normal = safe + side * size * first
    reflected = matrix - jnp.outer(matrix @ normal, 2 * normal / (normal @ normal))
    columns = jnp.where(present, reflected, matrix)
    return columns, jnp.where(present, -side * size * first, row - jax.lax.stop_gradient(row))


def _accumulated(rate: Scalar, exponent: Float[Array, "..."], clock: Scalar) -> Float[Array, "..."]:
    """int_0^s exp(2 rate s') ds' exp(-exponent s), where exponent >= 2 rate or the amplitude beside it is zero."""
    growth = 2 * rate * clock
    bottom = jnp.exp(-exponent * clock)
    short = jnp.abs(growth) < 1e-5
    safe_rate, safe_growth = jnp.where(short, 1.0, rate), jnp.where(short, 1.0, jnp.minimum(growth, 1.0))
    series = clock * bottom * (1 + growth / 2 + growth**2 / 6)
    # Up to growth 1 without cancellation, beyond it without overflow.
    early = bottom * jnp.expm1(safe_growth) / (2 * safe_rate)
    late = (jnp.exp(jnp.minimum(2 * rate - exponent, 0.0) * clock) - bottom) / (2 * safe_rate)
    return jnp.where(short, series, jnp.where(growth < 1, early, late))
