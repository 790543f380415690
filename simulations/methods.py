"""The paper's three methods: same arguments, same result.

Training is gradient flow on `||X B^T v - Y||^2`; time is learning rate x steps. Source: paper, section 3.2.
"""

import numpy as np
from jaxtyping import Array, Float

from simulations.gradient_flow import solve
from simulations.trajectory import Trajectory
from theory.problem import Problem


def linear_probing(problem: Problem, times: Float[Array | np.ndarray, " t"]) -> Trajectory:
    """Train the head on frozen pretrained features."""
    return solve(problem, "linear_probing", times)


def fine_tuning(problem: Problem, times: Float[Array | np.ndarray, " t"]) -> Trajectory:
    """Train head and features together, from the pretrained features and the problem's head."""
    return solve(problem, "fine_tuning", times)


def lp_ft(problem: Problem, times: Float[Array | np.ndarray, " t"]) -> Trajectory:
    """Fine-tune from the limit of linear probing; time 0 is the start of fine-tuning."""
    return solve(problem, "lp_ft", times)
