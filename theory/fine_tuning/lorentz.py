"""Fine-tuning is motion on hyperboloids: the flow of Z = [v, A] is a path of Lorentz boosts.

`dZ/dt = Z K` with K = [[0, q^T], [q, 0]], the generator of a boost along q. So Z(t) = Z(0) G(t) with G(t) in SO(1, m),
and Z J Z^T with J = diag(1, -1, ..., -1) is conserved: it is `flow.conserved_form`. Linear probing moves along the head
axis alone. Source: docs/theory.md, section "Lorentz structure".
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.reduction import FlowState


def metric(id_dim: int) -> Float[Array, "q q"]:
    """J = diag(1, -1, ..., -1)."""
    return jnp.diag(jnp.concatenate([jnp.ones(1), -jnp.ones(id_dim)]))


def generator(direction: Float[Array, " m"]) -> Float[Array, "m+1 m+1"]:
    """K(q), the boost generator along q: symmetric, and K J + J K = 0."""
    m = direction.shape[0]
    return jnp.zeros((m + 1, m + 1), direction.dtype).at[0, 1:].set(direction).at[1:, 0].set(direction)


def boost(direction: Float[Array, " m"]) -> Float[Array, "m+1 m+1"]:
    """exp K(q) in closed form: rapidity |q| along q."""
    rapidity = jnp.linalg.norm(direction)
    axis = direction / jnp.where(rapidity > 0, rapidity, 1.0)
    stretch = jnp.eye(direction.shape[0]) + 2 * jnp.sinh(rapidity / 2) ** 2 * jnp.outer(axis, axis)
    corner, edge = jnp.cosh(rapidity)[None, None], jnp.sinh(rapidity) * axis
    return jnp.block([[corner, edge[None, :]], [edge[:, None], stretch]])


def boosted(state: FlowState, direction: Float[Array, " m"]) -> FlowState:
    """Z exp K(q), in O(r m) numbers: a boost changes the head and what the features see of its axis, nothing else."""
    rapidity = jnp.linalg.norm(direction)
    axis = direction / jnp.where(rapidity > 0, rapidity, 1.0)
    seen = state.id_features @ axis
    change = jnp.sinh(rapidity) * state.head + 2 * jnp.sinh(rapidity / 2) ** 2 * seen
    return FlowState(
        head=jnp.cosh(rapidity) * state.head + jnp.sinh(rapidity) * seen,
        id_features=state.id_features + jnp.outer(change, axis),
    )


def stacked(state: FlowState) -> Float[Array, "r q"]:
    """Z = [v, A]."""
    return jnp.concatenate([state.head[:, None], state.id_features], axis=1)


def unstacked(matrix: Float[Array, "r columns"]) -> FlowState:
    """The state whose `stacked` matrix this is."""
    return FlowState(head=matrix[:, 0], id_features=matrix[:, 1:])
