"""The paper's three methods, and probing that is stopped early: same arguments, same result.

Training is gradient flow on `||X B^T v - Y||^2`; time is learning rate x steps. Source: paper, section 3.2.
"""

import dataclasses

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from simulations.gradient_flow import LINEAR_PROBING, solve
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


def stopped_probing_then_fine_tuning(
    problem: Problem, times: Float[Array | np.ndarray, " t"], *, probing_time: float
) -> Trajectory:
    """Fine-tune from a linear probe that was stopped early; time 0 is the start of fine-tuning.

    Between fine-tuning (0) and LP-FT (infinity). Source: Ren, Guo, Bae and Sutherland, "How to prepare your task head
    for finetuning", 2023.

    Args:
      probing_time: how long the head alone was trained, in learning rate x steps.
    """
    probed = linear_probing(problem, np.array([probing_time])).heads[-1]
    tuned = fine_tuning(problem.with_head(jnp.asarray(probed)), times)
    return dataclasses.replace(tuned, solved_by=f"{LINEAR_PROBING}, then {tuned.solved_by}")
