"""The two families of random problems that the ensemble experiments share, so that each is compiled once.

A point of a sweep says how good the features are, how they lie to the ID subspace, and how large truth and head are.
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from simulations.measured import Measured, measured_by_integration, measured_exactly
from simulations.sampling import Dimensions, equal_angles, sample_problem, spread_eigenvalues
from theory.problem import Problem

#: One ID direction and one feature, solved in closed form. Linear probing reaches zero training loss here, so LP-FT is
#: linear probing.
ONE_DIRECTION = Dimensions(input_dim=6, feature_dim=1, id_dim=1)
#: The paper's overparameterised premise, k < m < d - k, by integration.
OVERPARAMETERISED = Dimensions(input_dim=12, feature_dim=2, id_dim=5)
#: Condition number of the training covariance of the overparameterised family.
CONDITION = 4.0


class Point(eqx.Module):
    """eps, the angle between features and ID subspace (radians), W, and the scale of the starting head."""

    feature_error: Float[Array | np.ndarray, "*sweep"]
    angle: Float[Array | np.ndarray, "*sweep"]
    truth_norm: Float[Array | np.ndarray, "*sweep"]
    head_scale: Float[Array | np.ndarray, "*sweep"]

    @classmethod
    def sweep(
        cls,
        *,
        feature_error: float | np.ndarray,
        angle: float | np.ndarray,
        truth_norm: float | np.ndarray,
        head_scale: float | np.ndarray,
    ) -> "Point":
        """Points that differ in the parameters given as arrays and share the numbers."""
        values = np.broadcast_arrays(feature_error, angle, truth_norm, head_scale)
        return cls(*(np.array(value, dtype=float) for value in values))


def one_direction(point: Point, key: PRNGKeyArray) -> Measured:
    """A random problem of the closed-form family, measured."""
    return measured_exactly(sample_one_direction(point, key))


def sample_one_direction(point: Point, key: PRNGKeyArray) -> Problem:
    """A random problem of the closed-form family."""
    return sample_problem(
        ONE_DIRECTION,
        equal_angles(ONE_DIRECTION, point.angle),
        jnp.ones(1),
        feature_error=point.feature_error,
        truth_norm=point.truth_norm,
        head_scale=point.head_scale,
        key=key,
    )


def overparameterised(point: Point, key: PRNGKeyArray) -> Measured:
    """A random problem of the overparameterised family, measured."""
    problem = sample_problem(
        OVERPARAMETERISED,
        equal_angles(OVERPARAMETERISED, point.angle),
        spread_eigenvalues(OVERPARAMETERISED.id_dim, CONDITION),
        feature_error=point.feature_error,
        truth_norm=point.truth_norm,
        head_scale=point.head_scale,
        key=key,
    )
    return measured_by_integration(problem)
