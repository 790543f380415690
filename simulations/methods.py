"""The paper's three methods, probing that is stopped early, and features-only tuning: same arguments, same result.

Training is gradient flow on `||X B^T v - Y||^2`; time is learning rate x steps. How a flow without a closed form is
integrated is chosen for the problem; `numerics` overrides the choice. Source: submission, sections 3.1 (linear probing,
fine-tuning) and 3.4 (LP-FT).
"""

import dataclasses

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from simulations.gradient_flow import LINEAR_PROBING, solve
from simulations.integration import Numerics
from simulations.trajectory import Trajectory
from theory.problem import Problem

__all__ = ["Numerics", "feature_tuning", "fine_tuning", "linear_probing", "lp_ft"]


def linear_probing(
    problem: Problem, times: Float[Array | np.ndarray, " t"], *, numerics: Numerics | None = None
) -> Trajectory:
    """Train the head on frozen pretrained features; exact, so that `numerics` has nothing to say.

    Args:
      times: learning rate x steps, for the loss summed over the examples; increasing, `inf` allowed.
    """
    return solve(problem, "linear_probing", times, numerics=numerics)


def fine_tuning(
    problem: Problem, times: Float[Array | np.ndarray, " t"], *, numerics: Numerics | None = None
) -> Trajectory:
    """Train head and features together, from the pretrained features and the problem's head.

    Args:
      times: learning rate x steps, for the loss summed over the examples; increasing, `inf` allowed.
      numerics: how to integrate; None: as it is best for the problem.
    Raises:
      UserError, FailedSolve: as for `solve`.
    """
    return solve(problem, "fine_tuning", times, numerics=numerics)


def lp_ft(problem: Problem, times: Float[Array | np.ndarray, " t"], *, numerics: Numerics | None = None) -> Trajectory:
    """Fine-tune from the limit of linear probing; time 0 is the start of fine-tuning.

    Args:
      times: learning rate x steps, for the loss summed over the examples; increasing, `inf` allowed.
      numerics: how to integrate; None: as it is best for the problem.
    Raises:
      UserError, FailedSolve: as for `solve`.
    """
    return solve(problem, "lp_ft", times, numerics=numerics)


def stopped_probing_then_fine_tuning(
    problem: Problem,
    times: Float[Array | np.ndarray, " t"],
    *,
    probing_time: float,
    numerics: Numerics | None = None,
) -> Trajectory:
    """Fine-tune from a linear probe that was stopped early; time 0 is the start of fine-tuning.

    Between fine-tuning (0) and LP-FT (infinity). Source: Ren, Guo, Bae and Sutherland, "How to prepare your task head
    for finetuning", 2023.

    Args:
      probing_time: how long the head alone was trained, in learning rate x steps.
    """
    probed = linear_probing(problem, np.array([probing_time])).heads[-1]
    tuned = fine_tuning(problem.with_head(jnp.asarray(probed)), times, numerics=numerics)
    return dataclasses.replace(tuned, solved_by=f"{LINEAR_PROBING}, then {tuned.solved_by}")


def feature_tuning(
    problem: Problem, times: Float[Array | np.ndarray, " t"], *, numerics: Numerics | None = None
) -> Trajectory:
    """Train the features under a head that stays as it was; exact. Not in the paper: see `theory.feature_tuning`.

    Args:
      times: learning rate x steps, for the loss summed over the examples; increasing, `inf` allowed.
      numerics: has nothing to say: nothing is integrated.
    """
    return solve(problem, "feature_tuning", times, numerics=numerics)
