"""Fine-tuning with one ID direction (m = 1), solved exactly for every head, every feature and every time.

With a = B f, u = f . w* and s = 2 |X f|^2 t the state is a boost of its start, v +- a = exp(+-theta) (v0 +- a0), and
z = exp(2 theta) follows a scalar Riccati equation, `dz/ds = 2 u z - p z^2 + n`, with p = |v0 + a0|^2 / 2 and
n = |v0 - a0|^2 / 2. Written as z = x / y it becomes linear,

    d(x, y)/ds = [[u, n], [p, -u]] (x, y),     x(0) = y(0) = 1,

whose matrix has the eigenvalues +-delta, delta = sqrt(u^2 + p n). Divided by cosh(delta s), with
T = tanh(delta s) / delta, the solution `x = 1 + (u + n) T, y = 1 + (p - u) T` overflows nowhere, infinite time
included. Source: docs/theory.md, section "One ID direction"; no counterpart in the paper.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float, Scalar

from theory.compiled import compiled
from theory.fine_tuning.flow import beyond_rounding
from theory.reduction import FlowState, ReducedProblem

#: Rapidity up to which an infinitely long path is followed.
LONGEST_PATH = 18.0


@compiled
def state_at(reduced: ReducedProblem, time: Scalar) -> FlowState:
    """The state of fine-tuning at a time from 0 to infinity.

    Where the flow runs into a saddle (v0 = -a0 with u > 0, v0 = a0 with u < 0) the limit is the saddle, the origin.

    Raises:
      ValueError: the problem has more than one ID direction.
    """
    _check(reduced)
    return _boosted(reduced, *_riccati_pair(reduced, time))


def limit(reduced: ReducedProblem) -> FlowState:
    """The state of fine-tuning at infinite time; zero training loss, except at a saddle."""
    return state_at(reduced, jnp.asarray(jnp.inf))


@compiled
def state_on_path(reduced: ReducedProblem, fraction: Scalar) -> FlowState:
    """The state at a fraction in [0, 1] of the whole path, measured in rapidity theta instead of time.

    The path from start to limit is covered evenly, so that a search for the lowest risk over all times needs no guess
    about time scales. Where the path is infinitely long (a limit at a saddle) it is covered up to a rapidity of 18,
    where the shrinking light-cone coordinate is 1e-8 of its start.
    """
    _check(reduced)
    x, y, gap = _riccati_pair(reduced, jnp.asarray(jnp.inf))
    rapidity = fraction * jnp.clip(_rapidity(x, y, gap), -LONGEST_PATH, LONGEST_PATH)
    x, y = jnp.exp(rapidity), jnp.exp(-rapidity)
    return _boosted(reduced, x, y, 2 * jnp.sinh(rapidity))


def _check(reduced: ReducedProblem) -> None:
    m = reduced.id_target.shape[0]
    if m != 1:
        raise ValueError(f"The closed form must have one ID direction (m = 1), got m={m}.")


def _light_cone(reduced: ReducedProblem) -> tuple[Float[Array, " r"], Float[Array, " r"]]:
    """v0 + a0 and v0 - a0."""
    head, feature = reduced.start.head, reduced.start.id_features[:, 0]
    return beyond_rounding(head, feature), beyond_rounding(head, -feature)


def _rapidity(x: Scalar, y: Scalar, gap: Scalar) -> Scalar:
    """theta = log(x / y) / 2, from the difference where the two nearly agree."""
    tiny = jnp.finfo(x.dtype).tiny
    x, y = jnp.maximum(x, tiny), jnp.maximum(y, tiny)
    near = jnp.abs(gap) < 0.5 * y
    return 0.5 * jnp.where(near, jnp.log1p(jnp.where(near, gap, 0.0) / y), jnp.log(x) - jnp.log(y))


def _boosted(reduced: ReducedProblem, x: Scalar, y: Scalar, gap: Scalar) -> FlowState:
    """The start, boosted by the rapidity log(x / y) / 2."""
    head, feature = reduced.start.head, reduced.start.id_features[:, 0]
    plus, minus = _light_cone(reduced)
    # A vanishing x (or y) means an infinite rapidity, which happens only where the coordinate that it would stretch is
    # zero, or where both coordinates die at a degenerate limit: in either case the product is zero.
    alive = (x > 0) & (y > 0)
    safe_x, safe_y, safe_gap = (jnp.where(alive, value, other) for value, other in ((x, 1.0), (y, 1.0), (gap, 0.0)))
    ratio = jnp.sqrt(safe_x / safe_y)
    stretched, shrunk = jnp.where(alive, plus * ratio, 0.0), jnp.where(alive, minus / ratio, 0.0)
    # The sum and the difference of light-cone coordinates would drown a short feature beside a long head (|v0| up to
    # 1e6): short boosts are added to the start instead.
    rapidity = _rapidity(safe_x, safe_y, safe_gap)
    short = alive & (jnp.abs(rapidity) < 1)
    rapidity = jnp.where(short, rapidity, 0.0)
    cosh, sinh = jnp.cosh(rapidity), jnp.sinh(rapidity)
    return FlowState(
        head=jnp.where(short, head * cosh + feature * sinh, (stretched + shrunk) / 2),
        id_features=jnp.where(short, head * sinh + feature * cosh, (stretched - shrunk) / 2)[:, None],
    )


def _riccati_pair(reduced: ReducedProblem, time: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """(x, y, x - y) up to a common factor, none of them losing digits to cancellation."""
    plus, minus = _light_cone(reduced)
    p, n = jnp.sum(plus**2) / 2, jnp.sum(minus**2) / 2
    target = reduced.id_target[0]
    forced = jnp.isinf(time)
    clock = 2 * reduced.training_covariance.reshape(()) * jnp.where(forced, 1.0, time)
    squared_rate = target**2 + p * n
    tanh_over_rate, closeness = _saturation(squared_rate, clock, forced)
    # 1 - |u| T without cancellation: (delta - |u|) / delta + |u| (1 - tanh) / delta.
    speed = jnp.abs(target)
    still = squared_rate <= 0
    rate = jnp.sqrt(jnp.where(still, 1.0, squared_rate))
    remainder = jnp.where(still, 1.0, (p * n / (rate + speed) + speed * closeness) / rate)
    grown = 1 + speed * tanh_over_rate
    x = jnp.where(target >= 0, grown, remainder) + n * tanh_over_rate
    y = jnp.where(target >= 0, remainder, grown) + p * tanh_over_rate
    overlap = reduced.start.head @ reduced.start.id_features[:, 0]
    gap = 2 * tanh_over_rate * (target - overlap)
    # u = 0 with v0 = a0 or v0 = -a0: the approach to the origin is algebraic in time and only its limit is degenerate.
    collapsed = forced & still & (p + n > 0)
    return jnp.where(collapsed, 0.0, x), jnp.where(collapsed, 0.0, y), gap


def _saturation(squared_rate: Scalar, clock: Scalar, forced: Scalar) -> tuple[Scalar, Scalar]:
    """tanh(delta s) / delta and 1 - tanh(delta s), as smooth functions of delta^2; their limits where `forced`."""
    small = squared_rate * clock**2 < 1e-4
    rate = jnp.sqrt(jnp.where(small, 1.0, squared_rate))
    decay = jnp.exp(-2 * rate * clock)
    argument = squared_rate * clock**2
    series = 1 - argument / 3 + 2 * argument**2 / 15 - 17 * argument**3 / 315 + 62 * argument**4 / 2835
    # Under `small` with squared_rate > 0 the series is exact to rounding; at squared_rate = 0 it is the only form.
    finite_tanh = jnp.where(small, clock * series, -jnp.expm1(-2 * rate * clock) / (1 + decay) / rate)
    safe_rate = jnp.sqrt(jnp.where(squared_rate > 0, squared_rate, 1.0))
    small_closeness = 1 - safe_rate * clock * series
    finite_closeness = jnp.where(small, small_closeness, 2 * decay / (1 + decay))
    limit_tanh = jnp.where(squared_rate > 0, 1 / safe_rate, 0.0)
    return jnp.where(forced, limit_tanh, finite_tanh), jnp.where(forced, 0.0, finite_closeness)
