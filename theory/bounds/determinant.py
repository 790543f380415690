"""What keeps its sign with several outputs: a determinant, and the lower bound that it gives, in operator norm.

For q orthonormal directions Y orthogonal to the ID subspace the outputs on them are M = Y^T W = Z^T V, Z = B0 Y, and
conservation gives `M M^T >= K = Z^T (V0 V0^T - A0 A0^T) Z` at every time of fine-tuning. Where K is positive definite
M stays invertible, so its determinant keeps its sign. A truth on the other side of the singular matrices is further
away than they are. With one output this is the half-space bound for a head of the wrong sign. Source: docs/theory.md,
section "The half-space bound"; no counterpart in the paper.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.bounds.half_space import CANCELLED
from theory.compiled import compiled
from theory.subspaces import off_projection


@compiled
def determinant_lower_bound(
    head: Float[Array, "k q"],
    features: Float[Array, "k d"],
    id_frame: Float[Array, "d m"],
    target: Float[Array, "d q"],
) -> Float[Array, ""]:
    """Lower bound on `||B^T V - W*||` at every time: `sqrt(lam) + sigma`, lam the smallest eigenvalue of K.

    sigma is the smallest singular value of Y^T W*, whose determinant must have the other sign than that of Y^T W0; 0
    where it has the same, or where K is not positive definite, as with fewer features than outputs. Any Y is valid;
    this one maximises lam. It holds for gradient flow on any loss of the outputs.

    Args:
      head, features: V0 and B0, orthonormal rows.
      target: W*, or any other weights whose distance is asked for.
    """
    k, outputs = features.shape[0], target.shape[1]
    outside = off_projection(id_frame, jnp.concatenate([features.T, target], axis=1))
    triangle = jnp.linalg.qr(outside, mode="r")
    off_features, off_target = triangle[:, :k], triangle[:, k:]
    id_features = features @ id_frame
    form = off_features @ (head @ head.T - id_features @ id_features.T) @ off_features.T
    directions = jnp.linalg.eigh(form)[1][:, -outputs:]
    # K again, from what the directions see: in `form` rounding of large entries can hide a negative eigenvalue.
    seen = off_features.T @ directions
    heads, ids = seen.T @ head, seen.T @ id_features
    least = jnp.linalg.eigvalsh(heads @ heads.T - ids @ ids.T)[0]
    signs = [jnp.linalg.slogdet(side)[0] for side in (heads, directions.T @ off_target)]
    size = jnp.sum(heads**2) + jnp.sum(ids**2)
    kept = (least > CANCELLED * size) & (signs[0] * signs[1] < 0)
    smallest = jnp.linalg.svd(directions.T @ off_target, compute_uv=False)[-1]
    return jnp.where(kept, jnp.sqrt(jnp.where(kept, least, 1.0)) + smallest, 0.0)
