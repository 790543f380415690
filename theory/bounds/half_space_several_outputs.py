"""The half-space bound for networks with several outputs, `f(x) = V^T B x`, in operator norm.

For a direction u orthogonal to the ID subspace and z = B0 u, `|u^T W| = |V^T z| >= sqrt(lam)` at every time of
fine-tuning, lam = |V0^T z|^2 - |A0^T z|^2: the outputs on u keep their length. They may turn, so no half-space is left
and no sign. Where V0^T z = 0 and A0^T z = 0 both stay 0. Source: docs/theory.md, section "The half-space bound"; no
counterpart in the paper.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Scalar

from theory.bounds.half_space import kept_along, reachable, reached_and_not
from theory.compiled import compiled
from theory.subspaces import off_projection

#: Balances of the two terms that are tried, and again between the neighbours of the best.
BALANCES = 65


@compiled
def several_outputs_half_space_bound(
    head: Float[Array, "k q"],
    features: Float[Array, "k d"],
    id_frame: Float[Array, "d m"],
    target: Float[Array, "d q"],
    *,
    lost: Float[Array, "k k"] | None = None,
    shrinkage: Scalar | float = 1.0,
) -> Float[Array, ""]:
    """Lower bound on `||B^T V - W*||` at every time of fine-tuning: `max_u sqrt(lam) - |u^T W*|` over unit u.

    A maximiser is, for some balance b in (0, 1], an eigenvector to the largest eigenvalue of b M - T T^T, where M is
    the form of lam and T T^T that of the second term; balances are scanned. Every u gives a valid bound. What no head
    reaches is a bound as well, and the larger of the two is returned.

    Args:
      head, features: V0 and B0, orthonormal rows.
      target: W*, or any other weights whose distance is asked for.
      lost, shrinkage: as in `theory.bounds.half_space.half_space_along`.
    """
    k = features.shape[0]
    outside = off_projection(id_frame, jnp.concatenate([features.T, target], axis=1))
    triangle = jnp.linalg.qr(outside, mode="r")
    off_features, off_target = triangle[:, :k], triangle[:, k:]
    id_features = features @ id_frame
    unreached = reached_and_not(off_features @ reachable(jnp.concatenate([head, id_features], axis=1)))[1]
    conserved = head @ head.T - id_features @ id_features.T - (0.0 if lost is None else lost)
    form = jnp.square(jnp.asarray(shrinkage)) * off_features @ conserved @ off_features.T
    cost = off_target @ off_target.T

    def gain(balance: Float[Array, ""]) -> Float[Array, ""]:
        direction = jnp.linalg.eigh(balance * form - cost)[1][:, -1]
        # Not from `form`, whose rounding has a root of 1e-9 where V0^T z = 0 and nothing is kept.
        kept, known = kept_along(off_features.T @ direction, head, id_features, lost)
        outputs = shrinkage * jnp.sqrt(jnp.where(known, kept, 0.0))
        return outputs - jnp.linalg.norm(direction @ off_target)

    # Most of the scan near 0, where the direction hardly sees the target.
    balances = jnp.linspace(0.0, 1.0, BALANCES)[1:] ** 3
    coarse = jax.vmap(gain)(balances)
    best = jnp.argmax(coarse)
    low = jnp.where(best > 0, balances[jnp.maximum(best - 1, 0)], 0.0)
    high = balances[jnp.minimum(best + 1, BALANCES - 2)]
    fine = jax.vmap(gain)(low + (high - low) * jnp.linspace(0.0, 1.0, BALANCES)[1:])
    beyond = jnp.linalg.norm(unreached @ off_target, ord=2)
    return jnp.maximum(jnp.maximum(jnp.max(coarse), jnp.max(fine)), beyond)
