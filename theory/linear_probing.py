"""Linear probing: the features stay, the head follows a linear differential equation. Exact for every covariance.

`dv/dt = 2 A C (u - A^T v)` with A = B0 F. Components of the head that no ID input sees keep their start.
Source: submission, section 3.1, equation 3.3; docs/theory.md, section "Linear probing".
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Scalar

from theory.compiled import compiled
from theory.reduction import FlowState, ReducedProblem

#: Two rates closer than this (relative to the larger) share a derivative in place of a difference quotient, whose
#: rounding error 1e-16 / gap would otherwise exceed the error gap^2 of the shared derivative.
CLOSE_RATES_RTOL = 1e-5


@compiled
def state_at(reduced: ReducedProblem, time: Scalar) -> FlowState:
    """The state of linear probing at a time from 0 to infinity."""
    finite = jnp.isfinite(time)
    relaxed = _relaxed(*_design(reduced), jnp.where(finite, time, 0.0))
    moved = jnp.where(finite, relaxed, _limit_displacement(reduced))
    return FlowState(head=reduced.start.head + moved, id_features=reduced.start.id_features)


@compiled
def limit(reduced: ReducedProblem) -> FlowState:
    """The state of linear probing at infinite time: of all least-squares heads, the one closest to the start."""
    return FlowState(head=reduced.start.head + _limit_displacement(reduced), id_features=reduced.start.id_features)


def _design(reduced: ReducedProblem) -> tuple[Float[Array, "r m"], Float[Array, " m"]]:
    """M = A R^T and the starting residual R (u - A^T v0), where R^T R = C: `dv/dt = 2 M (residual - M^T (v - v0))`.

    Singular values of M keep twice the digits that eigenvalues of H = M M^T would.
    """
    start, covariance = reduced.start, reduced.training_covariance
    residual = reduced.id_target - start.id_features.T @ start.head
    if covariance.ndim == 1:
        root = jnp.sqrt(covariance)
        return start.id_features * root, root * residual
    factor = jnp.linalg.cholesky(covariance)
    return start.id_features @ factor, factor.T @ residual


def _limit_displacement(reduced: ReducedProblem) -> Float[Array, " r"]:
    design, residual = _design(reduced)
    return jnp.linalg.pinv(design.T) @ residual


@jax.custom_jvp
def _relaxed(design: Float[Array, "r m"], residual: Float[Array, " m"], time: Scalar) -> Float[Array, " r"]:
    """`g(H) M residual` with H = M M^T and g(rate) = (1 - exp(-2 rate t)) / rate, by the SVD of M."""
    left, singular_values, right = jnp.linalg.svd(design, full_matrices=False)
    return left @ (_gain(singular_values**2, time) * singular_values * (right @ residual))


@_relaxed.defjvp
def _relaxed_jvp(primals, tangents):
    # The derivative of an SVD is singular where singular values repeat; that of a function of H is not
    # (Daleckii and Krein: divided differences of g in an eigenbasis).
    design, residual, time = primals
    design_dot, residual_dot, time_dot = tangents
    left, singular_values, _ = jnp.linalg.svd(design, full_matrices=True)
    rates = jnp.zeros(left.shape[0]).at[: singular_values.shape[0]].set(singular_values**2)
    drive = left.T @ (design @ residual)
    rotated = left.T @ (design_dot @ design.T + design @ design_dot.T) @ left
    gain_dot = (_divided_differences(rates, time) * rotated) @ drive
    drive_dot = _gain(rates, time) * (left.T @ (design_dot @ residual + design @ residual_dot))
    decay_dot = 2 * jnp.exp(-2 * rates * time) * drive * time_dot
    return _relaxed(design, residual, time), left @ (gain_dot + drive_dot + decay_dot)


def _gain(rates: Float[Array, " r"], time: Scalar) -> Float[Array, " r"]:
    positive = rates > 0
    return jnp.where(positive, -jnp.expm1(-2 * rates * time) / jnp.where(positive, rates, 1.0), 2 * time)


def _gain_slope(rates: Float[Array, "r r"], time: Scalar) -> Float[Array, "r r"]:
    x = 2 * rates * time
    safe = jnp.where(jnp.abs(x) > 1e-2, x, 1.0)
    series = -0.5 + x / 3 - x**2 / 8 + x**3 / 30 - x**4 / 144 + x**5 / 840
    direct = (safe * jnp.exp(-safe) + jnp.expm1(-safe)) / safe**2
    return 4 * time**2 * jnp.where(jnp.abs(x) > 1e-2, direct, series)


def _divided_differences(rates: Float[Array, " r"], time: Scalar) -> Float[Array, "r r"]:
    first, second = rates[:, None], rates[None, :]
    gap = first - second
    close = jnp.abs(gap) <= CLOSE_RATES_RTOL * jnp.maximum(first, second)
    quotient = (_gain(rates, time)[:, None] - _gain(rates, time)[None, :]) / jnp.where(close, 1.0, gap)
    return jnp.where(close, _gain_slope((first + second) / 2, time), quotient)
