"""The implicit step of `simulations.stiff` for several outputs: one system of size k q, whatever the ID dimension.

With `D = 2 C`, the drive Q = -D (A^T V - U) and K = V^T V, the linearly implicit Euler step x of V and a of A is

    a = h (x Q^T + V G^T),   G + h D G K = Q - D (h Q x^T V + A^T x),   x (1 - h^2 Q^T Q) = h A G + h^2 V G^T Q,

G the drive at the end of the step. Turned into an eigenbasis of K, in which the flow is the same, G is solved entry by
entry, and what is left is linear in x. With one output it is the step of `simulations.stiff`.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float, Scalar

from theory.reduction_several_outputs import OutputsState, ReducedOutputs, drive


def implicit_outputs_step(state: OutputsState, reduced: ReducedOutputs, size: Scalar) -> OutputsState:
    """One linearly implicit Euler step with the exact Jacobian: first-order accurate.

    Costs O(m k q (k + q)) for the system and O((k q)^3) for its solution.

    Args:
      size: of the step, in units of 1 / (2 L), L the largest eigenvalue of C.
    """
    size = size / (2 * jnp.max(reduced.eigenvalues))
    lengths, turn = jnp.linalg.eigh(state.head.T @ state.head)
    head, features = state.head @ turn, state.id_features
    push = drive(state, reduced) @ turn
    rates = 2 * reduced.eigenvalues[:, None]
    damping = 1 / (1 + size * rates * lengths)
    damped = damping * push
    change = _change(head, features, push, damping * rates, damped, size)
    end = damped - damping * rates * (size * push @ (change.T @ head) + features.T @ change)
    return OutputsState(
        head=state.head + change @ turn.T,
        id_features=features + size * (change @ push.T + head @ end.T),
    )


def _change(
    head: Float[Array, "k q"],
    features: Float[Array, "k m"],
    push: Float[Array, "m q"],
    stiffness: Float[Array, "m q"],
    damped: Float[Array, "m q"],
    size: Scalar,
) -> Float[Array, "k q"]:
    """x: the four products of A or h V Q^T on either side of the damped stiffness, and the identity, in one system."""
    k, q = head.shape
    # Entry [a, j, b, l] is what x[b, l] adds to equation [a, j].
    plain = jnp.einsum("aij,bi->ajb", features[:, :, None] * stiffness, features)
    system = jnp.einsum("ajb,jl->ajbl", plain, jnp.eye(q))
    crossed = jnp.einsum("ai,ij,il->ajl", features, stiffness, push)
    turned = size * jnp.einsum("ajl,bj->ajbl", crossed, head)
    system = system + turned + turned.transpose(2, 3, 0, 1)
    both = jnp.einsum("ip,il,ij->pjl", stiffness, push, push)
    system = system + size**2 * jnp.einsum("ap,pjl,bp->ajbl", head, both, head)
    kept = jnp.eye(q) - size**2 * push.T @ push
    system = size * system + jnp.einsum("ab,jl->ajbl", jnp.eye(k), kept)
    right = size * features @ damped + size**2 * head @ (damped.T @ push)
    return jnp.linalg.solve(system.reshape(k * q, k * q), right.reshape(k * q)).reshape(k, q)
