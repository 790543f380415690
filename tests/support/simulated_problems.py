"""Problems of fixed shapes and drawn values, shared by the tests of this folder."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy.integrate import solve_ivp

from simulations.sampling import Dimensions, sample_generic_angles, sample_problem, spread_eigenvalues
from theory.problem import Problem

SEVERAL_DIRECTIONS = Dimensions(input_dim=10, feature_dim=2, id_dim=4)
MANY_FEATURES = Dimensions(input_dim=10, feature_dim=7, id_dim=2)
ONE_DIRECTION = Dimensions(input_dim=6, feature_dim=2, id_dim=1)


@eqx.filter_jit
def generic_problem(dimensions: Dimensions, seed: int, feature_error: float, condition: float) -> Problem:
    """A random problem at generic angles; a Python integer as seed compiles anew, an array does not."""
    angle_key, key = jax.random.split(jax.random.key(seed))
    return sample_problem(
        dimensions,
        sample_generic_angles(dimensions, key=angle_key),
        spread_eigenvalues(dimensions.id_dim, condition),
        feature_error=feature_error,
        key=key,
    )


def drawn(dimensions: Dimensions, seed: int, feature_error: float = 0.3, condition: float = 10.0) -> Problem:
    """`generic_problem`, compiled once for each shape."""
    return generic_problem(dimensions, *(jnp.asarray(value) for value in (seed, feature_error, condition)))


def raw_flow(problem: Problem, head: np.ndarray, times: np.ndarray) -> np.ndarray:
    """v(t) and B(t), flattened, of fine-tuning by SciPy on all k + k d parameters: the definition."""
    features, frame = np.asarray(problem.pretrained.features), np.asarray(problem.id_frame)
    covariance, weights = np.asarray(problem.training_covariance), np.asarray(problem.truth.weights)
    k, d = features.shape

    def field(_, parameters):
        v, B = parameters[:k], parameters[k:].reshape(k, d)
        gradient = 2 * frame @ (covariance @ (frame.T @ (B.T @ v - weights)))
        return np.concatenate([-B @ gradient, -np.outer(v, gradient).ravel()])

    start = np.concatenate([head, features.ravel()])
    solution = solve_ivp(field, (0, times[-1]), start, method="DOP853", rtol=1e-12, atol=1e-14, t_eval=times)
    assert solution.success
    return solution.y.T
