"""The families of random problems that the ensemble experiments share, so that each is compiled once.

A point of a sweep says how good the features are, how they lie to the ID subspace, and how large truth and head are.
"""

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from simulations.gradient_flow import FailedSolve
from simulations.measured import Followed, Measured, followed_by_integration, measured_exactly
from simulations.sampling import Dimensions, equal_angles, sample_problem, spread_eigenvalues
from theory.problem import Problem

#: One ID direction and one feature, solved in closed form. Linear probing reaches zero training loss here, so LP-FT is
#: linear probing.
ONE_DIRECTION = Dimensions(input_dim=6, feature_dim=1, id_dim=1)
#: One feature and an isotropic training covariance, solved in closed form under the paper's overparameterised premise,
#: k < m < d - k: linear probing does not fit the training data, and LP-FT is a method of its own.
ONE_UNIT = Dimensions(input_dim=8, feature_dim=1, id_dim=4)
#: The overparameterised premise with an anisotropic covariance, by integration.
OVERPARAMETERISED = Dimensions(input_dim=12, feature_dim=2, id_dim=5)
#: Condition number of the training covariance of the overparameterised family.
CONDITION = 4.0


class Point(eqx.Module):
    """eps, the angle between features and ID subspace (radians), W, and the scale of the starting head.

    `head_error`, in the families with one feature, moves the head to this phi, on the side of W where it is; NaN leaves
    it as drawn.
    """

    feature_error: Float[Array | np.ndarray, "*sweep"]
    angle: Float[Array | np.ndarray, "*sweep"]
    truth_norm: Float[Array | np.ndarray, "*sweep"]
    head_scale: Float[Array | np.ndarray, "*sweep"]
    head_error: Float[Array | np.ndarray, "*sweep"]

    @classmethod
    def sweep(
        cls,
        *,
        feature_error: float | np.ndarray,
        angle: float | np.ndarray,
        truth_norm: float | np.ndarray,
        head_scale: float | np.ndarray,
        head_error: float | np.ndarray = np.nan,
    ) -> "Point":
        """Points that differ in the parameters given as arrays and share the numbers."""
        values = np.broadcast_arrays(feature_error, angle, truth_norm, head_scale, head_error)
        return cls(*(np.array(value, dtype=float) for value in values))


def one_direction(point: Point, key: PRNGKeyArray) -> Measured:
    """A random problem of the closed-form family with one ID direction, measured."""
    return measured_exactly(_with_head_error(_problem(ONE_DIRECTION, 1.0, point, key), point))


def family_of_one_direction(features: int) -> Callable[[Point, PRNGKeyArray], Measured]:
    """The family with one ID direction and so many features, all but one of them outside the ID subspace."""

    def one_direction_and_features(point: Point, key: PRNGKeyArray) -> Measured:
        return measured_exactly(_problem(_dimensions(features), 1.0, point, key))

    one_direction_and_features.__qualname__ += f"[{features}]"
    return one_direction_and_features


def _dimensions(features: int) -> Dimensions:
    """Room for features and truth in any position."""
    return Dimensions(input_dim=2 * features + 4, feature_dim=features, id_dim=1)


def one_unit(point: Point, key: PRNGKeyArray) -> Measured:
    """A random problem of the closed-form family with several ID directions, measured."""
    return measured_exactly(_with_head_error(_problem(ONE_UNIT, 1.0, point, key), point))


def overparameterised(point: Point, key: PRNGKeyArray) -> Followed:
    """A random problem of the integrated family, measured; `head_error` does nothing."""
    return followed_by_integration(_problem(OVERPARAMETERISED, CONDITION, point, key))


def kept_measured(followed: Followed) -> Measured:
    """For ensembles of the integrated family that show neither curves nor interpolated weights."""
    return followed.measured


def check_solved(measured: Measured) -> None:
    """Refuse an ensemble of which not every problem was solved.

    Raises:
      FailedSolve: says how many were not.
    """
    failed = int(np.sum(~np.asarray(measured.solved)))
    if failed:
        raise FailedSolve(f"{failed} of {np.size(measured.solved)} integrations did not finish.")


def _problem(dimensions: Dimensions, condition: float, point: Point, key: PRNGKeyArray) -> Problem:
    return sample_problem(
        dimensions,
        equal_angles(dimensions, point.angle),
        spread_eigenvalues(dimensions.id_dim, condition),
        feature_error=point.feature_error,
        truth_norm=point.truth_norm,
        head_scale=point.head_scale,
        key=key,
    )


def _with_head_error(problem: Problem, point: Point) -> Problem:
    """phi^2 = |v0^2 W^2 - W^4| with one feature: longer heads are made longer, shorter ones shorter (0 at least)."""
    head, norm = problem.pretrained.head, point.truth_norm
    longer = (jnp.abs(head) > norm) | (point.head_error > norm**2)
    length = norm * jnp.sqrt(1 + jnp.where(longer, 1.0, -1.0) * jnp.minimum(point.head_error / norm**2, 1e6) ** 2)
    return problem.with_head(jnp.where(jnp.isnan(point.head_error), head, jnp.sign(head) * length))
