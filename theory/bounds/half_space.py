"""The half-space lower bound on fine-tuning: what the network says about an unseen direction keeps its sign and size.

Take a direction u orthogonal to the ID subspace and put z = B0 u. The features of u are frozen, so u . w = z . v at all
times, and conservation along z gives `(z . v)^2 >= lam = (z . v0)^2 - |A0^T z|^2`. Where lam > 0 the weights stay in
the half-space `s u . w >= sqrt(lam)`, s the sign of z . v0, and the truth's distance to it bounds the OOD risk. Where
z . v0 = 0 and A0^T z = 0 both stay 0, and so does u . w. No loss, no labels and no feature error enter. Every direction
gives a valid bound; the best one is the distance of the truth to all heads that conservation allows. Source:
docs/theory.md, section "The half-space bound"; no counterpart in the paper.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Scalar

from theory.compiled import compiled_and_checked
from theory.problem import Problem
from theory.subspaces import NO_ANGLE, off_projection

#: Halvings of the bracket in which the nearest head lies. Any end of it gives a valid bound.
BISECTIONS = 64
#: lam counts as positive above this multiple of (z . v0)^2: its two terms are rounded to 1e-16 each, and the sign of
#: z . v is known only where lam is positive.
CANCELLED = 1e-12
#: What [v0, A0] of unit size has along a direction counts as nothing below this: a decomposition leaves 1e-16, a
#: general second moment a hundred times that.
NOTHING = 1e-13
#: Below this [v0, A0] is rounding of products of orthogonal frames: a saddle, which rounding leaves in any direction.
SADDLE = 1e-14
#: Least curvature of the hyperboloid relative to that along its axis. Where it is flat the best direction is a limit of
#: valid ones: there lam = 0 and the sign is unknown.
LEAST_CURVATURE = 1e-12
#: Of two parts at a right angle, one below this share of the other adds less than rounding.
NO_SHARE = 1e-8


class HalfSpace(eqx.Module):
    """`normal . w >= offset`: where the weights w of fine-tuning are at every time. An offset of -inf says nothing."""

    normal: Float[Array, " d"]
    offset: Float[Array, ""]


@compiled_and_checked
def half_space_lower_bound(
    problem: Problem, *, lost: Float[Array, "k k"] | None = None, shrinkage: Scalar | float = 1.0
) -> Float[Array, ""]:
    """Lower bound on sqrt(OOD risk) of fine-tuning at every time, from the best half-space.

    A general OOD second moment Sigma enters as it is, not through its smallest eigenvalue: the distance to a half-space
    with normal u is measured in units of sqrt(u^T Sigma^-1 u). 0 where the truth lies inside.

    Args:
      lost, shrinkage: as in `half_space_along`.
    """
    half_space = half_space_along(best_direction(problem, lost=lost, shrinkage=shrinkage), problem, lost, shrinkage)
    normal = half_space.normal
    covariance = problem.ood_covariance
    dual = normal if covariance is None else jnp.linalg.solve(covariance, normal)
    outside = half_space.offset - normal @ problem.truth.weights
    positive = outside > 0
    return jnp.where(positive, outside / jnp.sqrt(jnp.where(positive, normal @ dual, 1.0)), 0.0)


@compiled_and_checked
def half_space_along(
    direction: Float[Array, " d"],
    problem: Problem,
    lost: Float[Array, "k k"] | None = None,
    shrinkage: Scalar | float = 1.0,
) -> HalfSpace:
    """The half-space of any direction; what it has along the ID subspace is projected away.

    Args:
      direction: one within the ID subspace gives the half-space of all weights.
      lost: a positive semidefinite L with `v v^T - A A^T >= v0 v0^T - A0 A0^T - L` at all times; 0 for a flow, the sum
        of eta^2 g_B g_B^T for descent with steps eta.
      shrinkage: c where `(u . w)^2 >= c^2 lam` is all that is known; exp(-4 lambda t) for weight decay.
    """
    normal = off_projection(problem.id_frame, direction[:, None])[:, 0]
    length = jnp.linalg.norm(normal)
    # What rounding leaves of a direction within S is no direction.
    outside = length > NO_ANGLE * jnp.linalg.norm(direction)
    normal = jnp.where(outside, normal / jnp.where(outside, length, 1.0), 0.0)
    start, kept, known, silent = _along(problem.pretrained.features @ normal, problem, lost)
    offset = shrinkage * jnp.where(known & ~silent, jnp.sqrt(jnp.where(known, kept, 1.0)), 0.0)
    target = normal @ problem.truth.weights
    sign = jnp.where(jnp.where(silent, target > 0, start < 0), -1.0, 1.0)
    return HalfSpace(normal=sign * normal, offset=jnp.where(known | silent, offset, -jnp.inf))


class _Along(NamedTuple):
    """z . v0, lam, whether lam is positive beyond rounding, and whether z . v0 = 0 and A0^T z = 0, which they stay."""

    start: Float[Array, ""]
    kept: Float[Array, ""]
    known: Bool[Array, ""]
    silent: Bool[Array, ""]


def _along(seen: Float[Array, " k"], problem: Problem, lost: Float[Array, "k k"] | None) -> _Along:
    head, id_features = problem.pretrained.head, problem.pretrained.features @ problem.id_frame
    kept, known = kept_along(seen, head, id_features, lost)
    silent = jnp.linalg.norm(seen @ reachable(jnp.column_stack([head, id_features]))) <= NOTHING
    return _Along(seen @ head, kept, known, silent)


def kept_along(
    seen: Float[Array, " k"],
    head: Float[Array, "k *q"],
    id_features: Float[Array, "k m"],
    lost: Float[Array, "k k"] | None,
) -> tuple[Float[Array, ""], Bool[Array, ""]]:
    """lam of z, and whether it is positive beyond rounding: from what z sees, not from a form of large entries.

    Args:
      seen: z = B0 u.
      head, id_features: v0, or V0 of several outputs, and A0.
      lost: as in `half_space_along`.
    """
    start, on_id = jnp.sum((seen @ head) ** 2), seen @ id_features
    kept = start - on_id @ on_id - (0.0 if lost is None else seen @ lost @ seen)
    return kept, kept > CANCELLED * start


@compiled_and_checked
def best_direction(
    problem: Problem, *, lost: Float[Array, "k k"] | None = None, shrinkage: Scalar | float = 1.0
) -> Float[Array, " d"]:
    """The direction whose half-space is furthest from the truth; held constant under differentiation.

    Maximising `sqrt(lam) - s u . w*` is a convex problem, dual to the distance of the truth to the heads with
    `v v^T >= v0 v0^T - A0 A0^T`: one sheet of a filled hyperboloid. In the axes of that hyperboloid the nearest point
    is the root of one equation in one unknown, which bisection finds. What no head reaches adds at a right angle: heads
    stay in the span of v0 and A0. By the envelope theorem the derivative of the bound is that at a constant direction.

    Args:
      lost, shrinkage: as in `half_space_along`.
    """
    problem, lost, shrinkage = jax.lax.stop_gradient((problem, lost, jnp.asarray(shrinkage)))
    columns = jnp.concatenate([problem.pretrained.features.T, problem.truth.weights[:, None]], axis=1)
    seen = problem.id_frame
    if problem.ood_covariance is not None:
        # R with R^T R = Sigma turns risks into squared lengths.
        root = jnp.linalg.cholesky(problem.ood_covariance).T
        columns, seen = root @ columns, jnp.linalg.qr(root @ seen)[0]
    frame, triangle = jnp.linalg.qr(off_projection(seen, columns))
    k = problem.feature_dim
    features, target = triangle[:k, :k], triangle[:, k]
    head, id_features = problem.pretrained.head, problem.pretrained.features @ problem.id_frame
    conserved = jnp.outer(head, head) - id_features @ id_features.T
    if lost is not None:
        conserved = conserved - lost
    reached, unreached = reached_and_not(features @ reachable(jnp.column_stack([head, id_features])))
    features = reached @ features
    form = shrinkage**2 * (features @ conserved @ features.T)
    inside = _furthest_direction(form, features @ head, reached @ target[:k])
    _, kept, known, silent = _along(features.T @ inside, problem, lost)
    gain = shrinkage * jnp.sqrt(jnp.maximum(kept, 0.0)) - inside @ target[:k]
    # Twice: where the truth lies almost within reach, rounding of the first time would tilt the direction.
    beyond = jnp.append(unreached @ (unreached @ target[:k]), target[k])
    counts = known & ~silent & (gain > NO_SHARE * jnp.linalg.norm(beyond))
    whole = jnp.where(counts, gain, 0.0) * jnp.append(inside, 0.0) - beyond
    whole = jnp.where(jnp.any(whole != 0), whole, jnp.append(inside, 0.0))
    direction = off_projection(seen, (frame @ whole)[:, None])[:, 0]
    return direction if problem.ood_covariance is None else root.T @ direction


def reachable(moving: Float[Array, "k n"]) -> Float[Array, "k k+n"]:
    """Columns that span where heads can go: those of [v0, A0] at unit size; everything where these are nothing.

    Args:
      moving: [v0, A0], for several outputs [V0, A0].
    """
    size = jnp.linalg.norm(moving)
    moves = size > SADDLE
    unit = jnp.where(moves, moving / jnp.where(moves, size, 1.0), 0.0)
    return jnp.concatenate([unit, jnp.where(moves, 0.0, jnp.eye(moving.shape[0]))], axis=1)


def reached_and_not(moving: Float[Array, "k n"]) -> tuple[Float[Array, "k k"], Float[Array, "k k"]]:
    """Projectors onto the range of a matrix of about unit size and onto its complement; singular values decide."""
    # A triangle has the same left singular vectors, and no more columns than rows.
    axes, sizes, _ = jnp.linalg.svd(jnp.linalg.qr(moving.T, mode="r").T)
    ranges = jnp.where(sizes > NOTHING, 1.0, 0.0)
    return (axes * ranges) @ axes.T, (axes * (1 - ranges)) @ axes.T


def _furthest_direction(
    form: Float[Array, "k k"], start: Float[Array, " k"], target: Float[Array, " k"]
) -> Float[Array, " k"]:
    """The unit y with the largest `sqrt(y^T M y) - y . t` on the cone y^T M y > 0, y . h > 0; any where it is empty.

    In the eigenbasis of M, with eigenvalues m_1 > 0 >= -m_i, y is the normal to the hyperboloid
    `p_1^2 / m_1 - sum p_i^2 / m_i = 1` at its point p nearest to t: p_1 = m_1 t_1 / (m_1 - nu) and
    p_i = m_i t_i / (m_i + nu). The unknown is p_1, of which nu = m_1 (1 - t_1 / p_1) is a function for every sign of
    t_1.
    """
    eigenvalues, axes = jnp.linalg.eigh(form)
    empty = eigenvalues[-1] <= 0
    longest = jnp.where(empty, 1.0, eigenvalues[-1])
    others = jnp.maximum(-eigenvalues[:-1], 0.0)
    axes = axes * jnp.where(axes[:, -1] @ start < 0, -1.0, 1.0)
    coordinates = axes.T @ target
    first, rest = coordinates[-1], coordinates[:-1]

    def along(point: Float[Array, ""]) -> Float[Array, " l"]:
        multiplier = longest * jnp.maximum(1 - first / point, LEAST_CURVATURE)
        return rest / (others + multiplier)

    def halve(_, bracket):
        low, high = bracket
        middle = (low + high) / 2
        below = middle**2 / longest - 1 < jnp.sum(others * along(middle) ** 2)
        return jnp.where(below, middle, low), jnp.where(below, high, middle)

    semiaxis = jnp.sqrt(longest)
    low, high = jnp.maximum(first, semiaxis), 2 * (jnp.linalg.norm(coordinates) + semiaxis)
    _, point = jax.lax.fori_loop(0, BISECTIONS, halve, (low, high))
    normal = axes @ jnp.append(-along(point), point / longest)
    return jnp.where(empty, axes[:, -1], normal / jnp.linalg.norm(normal))
