"""Expected OOD risk of fine-tuning to the limit from a random head v0 ~ N(0, sigma^2 I), with one ID direction.

The limit is a closed form of the head, which enters through its component x along a0 and the length rho of the rest;
the remaining direction averages out exactly. What is left is an integral over (x, rho) by Gauss-Legendre panels.
Source: docs/theory.md, section "Expectation over a random head".
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Scalar

from theory.arguments import check_number
from theory.fine_tuning import one_id_direction
from theory.problem import Problem
from theory.reduction import FlowState, reduce

#: Panels reach this many standard deviations: the normal tail beyond is 1e-19.
REACH = 9.0
#: Panels shrink towards the discontinuity by this factor, this often; what the smallest ones miss is below 1e-10.
SHRINKAGE = 0.15
LEVELS = 12
NODES = 18


def expected_ood_risk(problem: Problem, head_scale: Scalar) -> Float[Array, ""]:
    """Expected OOD risk in the limit of fine-tuning, over heads of standard deviation `head_scale` > 0 per entry.

    The problem's own head does not matter.

    Raises:
      ValueError: the problem has more than one ID direction, or `head_scale` is not positive.
    """
    if problem.id_dim != 1:
        raise ValueError(f"The expectation must have one ID direction (m = 1), got m={problem.id_dim}.")
    check_number("head_scale", head_scale, 0.0, above=True)
    reduced = reduce(problem, compress=False)
    feature, off = reduced.start.id_features[:, 0], reduced.off_features
    k, size = feature.shape[0], jnp.linalg.norm(feature)
    axis = jnp.where(size > 0, feature / jnp.where(size > 0, size, 1.0), jnp.eye(k)[0])
    root = jnp.eye(1 + off.shape[0]) if reduced.ood_root is None else reduced.ood_root
    image = off @ axis
    scattered = root[:, 1:] @ (off - jnp.outer(image, axis))
    spread = jnp.sum(scattered**2) / max(k - 1, 1)
    # The saddle draws in v0 = -a0 where u > 0 and v0 = +a0 where u < 0.
    saddle = -jnp.sign(reduced.id_target[0]) * size / head_scale
    plane = eqx.tree_at(
        lambda r: (r.start, r.off_features, r.lift),
        reduced,
        (FlowState(jnp.zeros(2), jnp.stack([size, 0.0])[:, None]), jnp.zeros((off.shape[0], 2)), jnp.eye(2)),
    )

    def risk(along: Scalar, across: Scalar) -> Float[Array, ""]:
        limit = one_id_direction.limit(plane.with_head(head_scale * jnp.stack([along, across])))
        off_error = image * limit.head[0] - reduced.off_target
        id_error = limit.id_features[:, 0] @ limit.head - reduced.id_target[0]
        error = root @ jnp.concatenate([id_error[None], off_error])
        return jnp.sum(error**2) + spread * limit.head[1] ** 2

    along, along_weights = _panels_around(jnp.clip(saddle, -REACH, REACH))
    along_weights = along_weights * jnp.exp(-(along**2) / 2) / jnp.sqrt(2 * jnp.pi)
    if k == 1:
        return along_weights @ jax.vmap(lambda x: risk(x, jnp.zeros(())))(along)
    across, across_weights = _panels_from_zero(k)
    chi = jnp.exp((k - 2) * jnp.log(across) - across**2 / 2)
    across_weights = across_weights * chi
    across_weights = across_weights / jnp.sum(across_weights)
    values = jax.vmap(lambda x: jax.vmap(lambda rho: risk(x, rho))(across))(along)
    return along_weights @ values @ across_weights


def _unit_panels() -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Nodes and weights on [0, 1], panels graded towards 0."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    ends = np.concatenate([[0.0], SHRINKAGE ** np.arange(LEVELS, -1.0, -1.0)])
    # The largest panel is cut in sixteen: the integrand varies on the scale of one standard deviation there.
    ends = np.union1d(ends, np.linspace(SHRINKAGE, 1.0, 17))
    low, width = ends[:-1, None], np.diff(ends)[:, None]
    return (low + width * (nodes + 1) / 2).ravel(), (width * weights / 2).ravel()


def _panels_around(centre: Scalar) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    """Nodes and weights on [-REACH, REACH], graded towards a point of it from both sides."""
    nodes, weights = _unit_panels()
    left, right = centre + REACH, REACH - centre
    return (
        jnp.concatenate([centre - left * nodes, centre + right * nodes]),
        jnp.concatenate([left * weights, right * weights]),
    )


def _panels_from_zero(feature_dim: int) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    """Nodes and weights on [0, REACH + sqrt k], graded towards 0, where heads in the plane of a0 lie."""
    nodes, weights = _unit_panels()
    reach = REACH + np.sqrt(feature_dim)
    return jnp.asarray(reach * nodes), jnp.asarray(reach * weights)
