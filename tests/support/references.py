"""Independent references: NumPy and SciPy on the definitions, with no use of what the project claims about them."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.integrate import solve_ivp

from theory import Problem

#: Local error per step; over a whole run DOP853 stays within about a hundred times that.
RTOL = 1e-12


class RawPath(NamedTuple):
    """(v, B) along a path, times first."""

    heads: Float[np.ndarray, "t k"]
    features: Float[np.ndarray, "t k d"]


def example_inputs(problem: Problem) -> Float[np.ndarray, "m d"]:
    """Training inputs X with X^T X = F C F^T: m examples with the problem's second moment."""
    factor = np.linalg.cholesky(np.asarray(problem.training_covariance))
    return (np.asarray(problem.id_frame) @ factor).T


def fine_tuned(problem: Problem, times: Float[np.ndarray, " t"], *, head=None) -> RawPath:
    """The paper's flow on all parameters: `dv/dt = -2 B X^T r, dB/dt = -2 v r^T X`, r = X B^T v - X w*.

    Args:
      times: increasing, from 0.
      head: where to start, if not from the pretrained head.
    """
    inputs, features = example_inputs(problem), np.asarray(problem.pretrained.features)
    labels = inputs @ np.asarray(problem.truth.weights)
    start = np.asarray(problem.pretrained.head if head is None else head)
    k, d = features.shape

    def velocity(_, state):
        v, b = state[:k], state[k:].reshape(k, d)
        gradient = 2 * inputs.T @ (inputs @ (b.T @ v) - labels)
        return np.concatenate([-b @ gradient, -np.outer(v, gradient).ravel()])

    size = np.sqrt(np.sum(start**2) + k)
    solution = solve_ivp(
        velocity,
        (0.0, times[-1]),
        np.concatenate([start, features.ravel()]),
        method="DOP853",
        t_eval=times,
        rtol=RTOL,
        atol=1e-2 * RTOL * size,
    )
    assert solution.success, solution.message
    return RawPath(solution.y[:k].T, solution.y[k:].T.reshape(-1, k, d))


def probed_head(problem: Problem) -> Float[np.ndarray, " k"]:
    """Of all least-squares heads on the pretrained features, the one closest to the start."""
    inputs, start = example_inputs(problem), np.asarray(problem.pretrained.head)
    design = inputs @ np.asarray(problem.pretrained.features).T
    residual = inputs @ np.asarray(problem.truth.weights) - design @ start
    return start + np.linalg.lstsq(design, residual, rcond=None)[0]


def central_difference(function, at: float, step: float) -> Float[np.ndarray, "..."]:
    """Derivative of an array-valued function of one number, with an error of order step^4."""
    near = np.asarray(function(at + step)) - np.asarray(function(at - step))
    far = np.asarray(function(at + 2 * step)) - np.asarray(function(at - 2 * step))
    return (8 * near - far) / (12 * step)
