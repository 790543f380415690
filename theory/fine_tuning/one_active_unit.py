"""Fine-tuning with isotropic training covariance and one active hidden unit, solved exactly for any m.

For k = 1 and C = c I put Q = (A^T, v) in R^(m+1), lam = v0^2 - |A0|^2, s = 2 c t and
G = [[0, u], [u^T, 0]] - (lam / 2) diag(1, ..., 1, -1). Then

    Q(s) = E Q0 / sqrt(1 + Q0^T I_s Q0),     E = expm(G s),     I_s = int_0^s expm(2 G s') ds'.

G has the eigenvalues +-delta, delta = sqrt(|u|^2 + lam^2 / 4), on the plane of u and the head, and -lam / 2 elsewhere.
For k > 1 the same holds along one unit vector of feature space where head and target excite only that unit. Source:
docs/theory.md, section "One active hidden unit"; no counterpart in the paper.
"""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Scalar

from theory.compiled import compiled
from theory.fine_tuning.flow import ROUNDING, beyond_rounding
from theory.reduction import FlowState, ReducedProblem

#: Premises are met when they hold to this multiple of the quantities' size; the solution is then as accurate.
PREMISE_RTOL = 1e-12


@compiled
def is_isotropic(reduced: ReducedProblem) -> Bool[Array, ""]:
    """Whether C = c I."""
    covariance = reduced.training_covariance
    full = jnp.diag(covariance) if covariance.ndim == 1 else covariance
    scale = full[0, 0]
    return jnp.max(jnp.abs(full - scale * jnp.eye(full.shape[0]))) <= PREMISE_RTOL * scale


@compiled
def has_one_active_unit(reduced: ReducedProblem) -> Bool[Array, ""]:
    """Whether head and target excite a single unit: v0 parallel to A0 u, and A0 u an eigenvector of A0 A0^T."""
    if reduced.start.head.shape[0] == 1:
        return jnp.asarray(True)
    unit, features = _active_unit(reduced), reduced.start.id_features
    image = features @ (features.T @ unit)
    stray_image = jnp.linalg.norm(image - unit * (unit @ image))
    head = reduced.start.head
    stray_head = jnp.linalg.norm(head - unit * (unit @ head))
    rounding = PREMISE_RTOL * (jnp.linalg.norm(head) + jnp.linalg.norm(features))
    return (stray_image <= rounding) & (stray_head <= rounding)


def applies(reduced: ReducedProblem) -> Bool[Array, ""]:
    """Whether this file solves the problem."""
    return is_isotropic(reduced) & has_one_active_unit(reduced)


@compiled
def state_at(reduced: ReducedProblem, time: Scalar) -> FlowState:
    """The state of fine-tuning at a time from 0 to infinity, for a problem to which this file `applies`.

    Where it does not apply the result is meaningless; ask first. A start on the stable manifold of a saddle (for
    instance A0 parallel to u and v0 = -|A0|) gives the saddle at infinite time.
    """
    unit, features, head = _active_unit(reduced), reduced.start.id_features, reduced.start.head
    feature, scalar_head = features.T @ unit, head @ unit
    covariance = reduced.training_covariance
    scale = covariance[0] if covariance.ndim == 1 else covariance[0, 0]
    feature_now, head_now = _solution(feature, scalar_head, reduced.id_target, scale, time)
    return FlowState(head=head_now * unit, id_features=features + jnp.outer(unit, feature_now - feature))


def limit(reduced: ReducedProblem) -> FlowState:
    """The state of fine-tuning at infinite time."""
    return state_at(reduced, jnp.asarray(jnp.inf))


def _active_unit(reduced: ReducedProblem) -> Float[Array, " r"]:
    """The unit vector of feature space along which head and target act: A0 u, or v0 where A0 u = 0."""
    head, excited = reduced.start.head, reduced.start.id_features @ reduced.id_target
    if head.shape[0] == 1:
        return jnp.ones(1, head.dtype)
    excitation, size = jnp.sum(excited**2), jnp.sum(head**2)
    axis = jnp.where(
        excitation > jnp.finfo(head.dtype).tiny, excited, jnp.where(size > 0, head, jnp.eye(head.shape[0])[0])
    )
    return axis / jnp.linalg.norm(axis)


def _solution(
    feature: Float[Array, " m"], head: Scalar, target: Float[Array, " m"], scale: Scalar, time: Scalar
) -> tuple[Float[Array, " m"], Scalar]:
    # The eigenvectors of G have no derivative at u = 0, where a formula to first order in u takes over.
    # Below 1e-154 the square of |u| underflows, and first order in u is exact to rounding.
    present = jnp.sum(target**2) > jnp.finfo(target.dtype).tiny
    safe_target = jnp.where(present, target, 1.0)
    feature_driven, head_driven = _driven_solution(feature, head, safe_target, scale, time)
    feature_free, head_free = _undriven_solution(feature, head, target, scale, time)
    return jnp.where(present, feature_driven, feature_free), jnp.where(present, head_driven, head_free)


def _driven_solution(
    feature: Float[Array, " m"], head: Scalar, target: Float[Array, " m"], scale: Scalar, time: Scalar
) -> tuple[Float[Array, " m"], Scalar]:
    strength = jnp.linalg.norm(target)
    axis = target / strength
    along = axis @ feature
    across = feature - along * axis
    together, apart = beyond_rounding(head, along), beyond_rounding(head, -along)
    imbalance = apart * together - across @ across
    rate = jnp.sqrt(strength**2 + imbalance**2 / 4)
    # Eigenvectors of G in the plane (axis, head): (sin phi, cos phi) grows, (cos phi, -sin phi) decays.
    angle = 0.5 * jnp.arctan2(strength, imbalance / 2)
    sine, cosine = jnp.sin(angle), jnp.cos(angle)
    # sin phi along + cos phi head without cancellation where head and feature are nearly opposite: beside a weak target
    # the angle has fewer digits than their sum. `tilt` is tan phi - 1, or for a longer feature 1 / tan phi - 1.
    half = jnp.abs(imbalance) / 2
    tilt = -(half**2 / (rate + strength) + half) / (rate + half)
    growing = jnp.where(imbalance > 0, cosine * (together + tilt * along), sine * (together + tilt * head))
    decaying = cosine * along - sine * head
    # A start on the stable manifold of the saddle stays there: rounding must not push it off.
    rounding = ROUNDING * jnp.finfo(feature.dtype).eps * (jnp.abs(sine * along) + jnp.abs(cosine * head))
    growing = jnp.where(jnp.abs(growing) > rounding, growing, 0.0)
    eigenvalues = jnp.concatenate([jnp.stack([rate, -rate]), jnp.broadcast_to(-imbalance / 2, across.shape)])
    amplitudes = jnp.concatenate([jnp.stack([growing, decaying]), across])
    moved = _normalised_growth(eigenvalues, amplitudes, 2 * scale, time)
    growing, decaying, across = moved[0], moved[1], moved[2:]
    return (sine * growing + cosine * decaying) * axis + across, cosine * growing - sine * decaying


def _normalised_growth(
    eigenvalues: Float[Array, " q"], amplitudes: Float[Array, " q"], scale: Scalar, time: Scalar
) -> Float[Array, " q"]:
    """E Q0 / sqrt(1 + Q0^T I Q0) in an eigenbasis of G, divided through by the largest growth that takes part.

    After that division every exponent that takes part is at most 0 and every term of the sum positive: nothing
    overflows or cancels. A component that is absent may grow faster, up to a cap that keeps its zero a zero.
    """
    present = amplitudes != 0
    top = jnp.maximum(jnp.max(jnp.where(present, eigenvalues, -jnp.inf)), 0.0)
    infinite = jnp.isinf(time)
    clock = scale * jnp.where(infinite, 0.0, time)
    weight = jnp.exp(jnp.minimum((eigenvalues - top) * clock, 300.0))
    # int_0^s exp(2 g s') ds' exp(-2 top s), with |g| in the exponential so that it cannot overflow
    small = jnp.abs(eigenvalues) * clock < 1e-5
    size = jnp.where(small, 1.0, jnp.abs(eigenvalues))
    leading = jnp.exp(jnp.minimum(2 * (jnp.maximum(eigenvalues, 0.0) - top) * clock, 300.0))
    exponent = 2 * eigenvalues * clock
    series = weight**2 * clock * (1 - exponent / 2 + exponent**2 / 6)
    integral = jnp.where(small, series, leading * -jnp.expm1(-2 * size * clock) / (2 * size))
    total = jnp.exp(-2 * top * clock) + jnp.sum(amplitudes**2 * integral)
    finite = amplitudes * weight / jnp.sqrt(total)
    # At infinite time only the components with the top eigenvalue survive, on the sphere of squared radius 2 top.
    winners = jnp.where(present & (eigenvalues == top) & (top > 0), amplitudes, 0.0)
    power = jnp.sum(winners**2)
    settled = winners * jnp.sqrt(2 * jnp.where(top > 0, top, 1.0) / jnp.where(power > 0, power, 1.0))
    return jnp.where(infinite, settled, finite)


def _undriven_solution(
    feature: Float[Array, " m"], head: Scalar, target: Float[Array, " m"], scale: Scalar, time: Scalar
) -> tuple[Float[Array, " m"], Scalar]:
    """The solution to first order in u: exact in value and in gradient at u = 0, and used only there."""
    infinite = jnp.isinf(time)
    imbalance = head**2 - feature @ feature
    head_wins = imbalance >= 0
    rate = jnp.where(head_wins, imbalance, -imbalance)
    clock = 2 * scale * jnp.where(infinite, 0.0, time)
    small = rate * clock < 1e-5
    safe = jnp.where(rate > 0, jnp.where(small & ~infinite, 1.0, rate), 1.0)
    gain = jnp.where(small, clock * (1 - rate * clock / 2 + (rate * clock) ** 2 / 6), -jnp.expm1(-safe * clock) / safe)
    gain = jnp.where(infinite, jnp.where(rate > 0, 1 / safe, 0.0), gain)
    decay = jnp.where(infinite, 0.0, jnp.exp(-rate * clock))
    feature_weight, head_weight = jnp.where(head_wins, decay, 1.0), jnp.where(head_wins, 1.0, decay)
    squares = feature @ feature * feature_weight + head**2 * head_weight
    total = decay + gain * squares + 2 * head * (target @ feature) * gain**2
    alive = total > 0
    size = jnp.where(alive, jnp.sqrt(jnp.where(alive, total, 1.0)), jnp.inf)
    feature_now = (feature_weight * feature + gain * head * target) / size
    return feature_now, (head_weight * head + gain * (target @ feature)) / size
