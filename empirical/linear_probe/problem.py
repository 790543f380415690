"""The convex problem that every solver is asked, and the yardsticks that its answer is measured with.

`|W|^2 / 2 + C sum over examples of cross-entropy`, the intercept free. Two facts make one gradient norm say how far
off a head is. The intercept may be taken at the centre of the data: a change of variables that leaves W and the
objective alone. And with the best intercept put in, the objective is 1-strongly convex in W, so that `|gradient|`
bounds the distance to the optimal W, and half its square the excess of the objective.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int


class ProbeProblem(NamedTuple):
    """Standardised, centred inputs and the classes among them, numbered without gaps."""

    inputs: Float[np.ndarray, "n k"]
    centre: Float[np.ndarray, " k"]  # what was subtracted
    targets: Int[np.ndarray, " n"]  # positions in `present`
    present: Int[np.ndarray, " q"]  # the classes that training examples have, ascending


class Solution(NamedTuple):
    """A solver's answer for one C: weights and intercept on standardised inputs that were not centred."""

    weight: Float[np.ndarray, "q k"]
    bias: Float[np.ndarray, " q"]
    iterations: int
    converged: bool


class Yardstick(NamedTuple):
    """How good a head is, in double precision.

    `gradient_norm`: Euclidean, over weights and intercept at the centre of the data. It bounds what is said above where
    the intercept is the best one, as the exact solver's is.
    """

    objective: float
    gradient_norm: float
    weight_norm: float


def problem(inputs: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"], classes: int) -> ProbeProblem:
    """The problem of a training set.

    Args:
      inputs: standardised features.
      classes: how many the data set has; not all need occur.
    Raises:
      ValueError: a label is no class, or all examples have one class.
    """
    present, targets = classes_of(labels, classes)
    centre = inputs.mean(0)
    return ProbeProblem(inputs - centre, centre, targets, present)


def classes_of(labels: Int[np.ndarray, " n"], classes: int) -> tuple[Int[np.ndarray, " q"], Int[np.ndarray, " n"]]:
    """The classes among labels, ascending, and the position of each label's among them.

    Raises:
      ValueError: a label is no class, or all examples have one class.
    """
    present, targets = np.unique(labels, return_inverse=True)
    if len(present) < 2:
        raise ValueError(f"`labels` must show at least two classes, got {len(present)} ({list(present)}).")
    if present[0] < 0 or present[-1] >= classes:
        raise ValueError(f"`labels` must lie in 0 .. {classes - 1}, got {present[0]} .. {present[-1]}.")
    return present, targets.astype(np.int32)


def measure(problem: ProbeProblem, solution: Solution, penalty: float) -> Yardstick:
    """Objective and gradient of a head.

    Args:
      penalty: C.
    """
    weight, centred_bias = jnp.asarray(solution.weight), solution.bias + solution.weight @ problem.centre
    values = _measure(jnp.asarray(problem.inputs), jnp.asarray(problem.targets), weight, centred_bias, penalty)
    return Yardstick(*map(float, values))


@jax.jit
def _measure(
    inputs: Float[Array, "n k"], targets: Int[Array, " n"], weight: Float[Array, "q k"], bias: Float[Array, " q"],
    penalty: Float[Array, ""],
) -> tuple[Float[Array, ""], Float[Array, ""], Float[Array, ""]]:  # fmt: skip
    log_probabilities = jax.nn.log_softmax(inputs @ weight.T + bias)
    chosen = jnp.take_along_axis(log_probabilities, targets[:, None], axis=1)
    residuals = jnp.exp(log_probabilities) - jax.nn.one_hot(targets, len(bias))
    gradient = penalty * residuals.T @ inputs + weight
    squares = jnp.sum(gradient**2) + jnp.sum((penalty * residuals.sum(0)) ** 2)
    return jnp.sum(weight**2) / 2 - penalty * jnp.sum(chosen), jnp.sqrt(squares), jnp.linalg.norm(weight)
