"""The families of random problems that the ensemble experiments share, so that each is compiled once.

A point of a sweep says how good the features are, how they lie to the ID subspace, and how large truth and head are.
"""

from dataclasses import dataclass
from functools import partial

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from artifacts import UserError
from simulations.comparison import Comparison, Followed, compared_exactly, followed_by_integration
from simulations.gradient_flow import FailedSolve
from simulations.sampling import Dimensions, equal_angles, sample_problem, spread_eigenvalues
from simulations.sweeps import ensemble
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
#: Names under which experiments that share a compiled function are run by one process.
EXACT_DIRECTION, EXACT_UNIT, INTEGRATED = "one direction", "one unit", "overparameterised"
#: Ensembles of the integrated family. Problems side by side take as many steps as the slowest of them, so they are few;
#: points of a sweep lie one after another, and with them problems that take long.
integrated_ensemble = partial(ensemble, lanes=32)


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
        """Points that differ in the parameters given as arrays and share the numbers.

        Args:
          feature_error: eps, in [0, sqrt 2].
          angle: between features and ID subspace, in radians.
          truth_norm: W = |w*|.
          head_scale: sigma of the starting head.
          head_error: phi that the head is moved to; NaN: the head stays as drawn.
        """
        values = np.broadcast_arrays(feature_error, angle, truth_norm, head_scale, head_error)
        return cls(*(np.array(value, dtype=float) for value in values))


@dataclass(frozen=True)
class ExactFamily:
    """Problems with an isotropic training covariance, compared in closed form.

    Raises:
      UserError: several features and several ID directions, for which no closed form is known.
    """

    dimensions: Dimensions

    def __post_init__(self):
        k, m = self.dimensions.feature_dim, self.dimensions.id_dim
        if min(k, m) > 1:
            raise UserError(
                f"An experiment in closed form must have one feature or one ID direction, got k={k} and m={m}; set "
                "`dimensions.k` or `dimensions.m` to 1."
            )

    def __call__(self, point: Point, key: PRNGKeyArray) -> Comparison:
        """A random problem, compared."""
        return compared_exactly(_with_head_error(sampled(self.dimensions, 1.0, point, key), point))


@dataclass(frozen=True)
class IntegratedFamily:
    """Problems whose training covariance has a condition number, followed by integration; `head_error` does nothing."""

    dimensions: Dimensions
    condition: float

    def __call__(self, point: Point, key: PRNGKeyArray) -> Followed:
        """A random problem, followed."""
        return followed_by_integration(sampled(self.dimensions, self.condition, point, key))


def kept_comparison(followed: Followed) -> Comparison:
    """For ensembles of the integrated family that show neither curves nor interpolated weights."""
    return followed.comparison


def check_solved(comparison: Comparison) -> None:
    """Refuse an ensemble of which not every problem was solved.

    Raises:
      FailedSolve: says how many were not.
    """
    failed = int(np.sum(~np.asarray(comparison.solved)))
    if failed:
        raise FailedSolve(f"{failed} of {np.size(comparison.solved)} integrations did not finish.")


def sampled(dimensions: Dimensions, condition: float, point: Point, key: PRNGKeyArray) -> Problem:
    """A random problem at a point of a sweep; `head_error` is not looked at.

    Args:
      condition: of the training covariance: its largest eigenvalue over its smallest, at least 1.
    """
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
