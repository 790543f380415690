"""Features-only tuning: the head stays, the features follow a linear differential equation. Exact for every covariance.

With a constant head, `dA/dt = v0 q^T` and q = -2 C e with the ID error e = A^T v0 - u, so `de/dt = -2 |v0|^2 C e`:

    e(t) = exp(-2 |v0|^2 C t) e(0),   A(t) = A0 + v0 (e(t) - e(0))^T / |v0|^2.

Off the ID subspace neither head nor features move, so the error there stays `P_perp (B0^T v0 - w*)` for ever: the ID
risk of fine-tuning and an OOD risk that the head at the start decides. The paper does not treat it; on images it is
first-layer tuning (Lee et al., 2023, "Surgical fine-tuning improves adaptation to distribution shifts").
Source: docs/theory.md, section "Features-only tuning".
"""

import jax.numpy as jnp
from jaxtyping import Array, Float, Scalar

from theory.compiled import compiled
from theory.reduction import FlowState, ReducedProblem, id_error


@compiled
def state_at(reduced: ReducedProblem, time: Scalar) -> FlowState:
    """The state of features-only tuning at a time from 0 to infinity."""
    finite = jnp.isfinite(time)
    remaining = _remaining_error(reduced, jnp.where(finite, time, 0.0))
    return _state(reduced, jnp.where(finite, remaining, 0.0))


@compiled
def limit(reduced: ReducedProblem) -> FlowState:
    """The state at infinite time: nothing is left of the ID error, unless the head is zero and nothing moves."""
    return _state(reduced, jnp.zeros_like(reduced.id_target))


def _state(reduced: ReducedProblem, remaining: Float[Array, " m"]) -> FlowState:
    """The start, moved as little as leads to this ID error."""
    start = reduced.start
    squared = jnp.sum(start.head**2)
    change = (remaining - id_error(start, reduced)) / jnp.where(squared > 0, squared, 1.0)
    return FlowState(head=start.head, id_features=start.id_features + jnp.outer(start.head, change))


def _remaining_error(reduced: ReducedProblem, time: Scalar) -> Float[Array, " m"]:
    error, covariance = id_error(reduced.start, reduced), reduced.training_covariance
    rate = 2 * jnp.sum(reduced.start.head**2) * time
    if covariance.ndim == 1:
        return jnp.exp(-rate * covariance) * error
    eigenvalues, vectors = jnp.linalg.eigh(covariance)
    return vectors @ (jnp.exp(-rate * eigenvalues) * (vectors.T @ error))
