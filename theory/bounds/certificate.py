"""Dominance certificates: proof, for one concrete problem, that a method beats fine-tuning at every stopping time."""

import math
from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from theory.bounds.fine_tuning import corrected_lower_bound, implicit_lower_bound
from theory.bounds.half_space import half_space_lower_bound
from theory.bounds.linear_probing import linear_probing_upper_bound
from theory.bounds.lp_ft import lp_ft_upper_bound
from theory.compiled import compiled_and_checked
from theory.problem import Problem


@compiled_and_checked
def best_lower_bound(problem: Problem) -> Float[Array, ""]:
    """Lower bound on sqrt(OOD risk) of fine-tuning at every time: the largest of those that are proved.

    The half-space bound is the largest on most problems; the implicit one says more about short heads.
    """
    proved = (implicit_lower_bound, corrected_lower_bound, half_space_lower_bound)
    return jnp.max(jnp.stack([bound(problem) for bound in proved]))


def lp_beats_ft(problem: Problem) -> Bool[Array, ""]:
    """Whether the LP upper bound lies below the best lower bound of fine-tuning.

    Where true, linear probing has lower OOD risk than fine-tuning stopped at any time. Where false nothing is claimed.
    """
    return linear_probing_upper_bound(problem) < best_lower_bound(problem)


def lp_ft_beats_ft(problem: Problem) -> Bool[Array, ""]:
    """The same for LP-FT at any time against fine-tuning at any time."""
    return lp_ft_upper_bound(problem) < best_lower_bound(problem)


def largest_certified_error(
    certificate: Callable[[Problem], Bool[Array, ""]],
    family: Callable[[float], Problem],
    *,
    smallest: float = 1e-12,
    largest: float = 1.0,
    relative_accuracy: float = 1e-3,
) -> float:
    """The largest feature error for which a certificate holds along a family: the paper's threshold, made computable.

    Bisection in log(eps). The certificate is assumed to hold below the returned value and fail above it, which is so
    where only the feature error changes along the family.

    Args:
      family: the problem with feature error eps, for eps in (0, sqrt 2].
    Returns:
      A feature error; 0 where the certificate fails even for `smallest`, `largest` where it holds even there.
    """
    if not certificate(family(smallest)):
        return 0.0
    if certificate(family(largest)):
        return largest
    low, high = math.log(smallest), math.log(largest)
    while high - low > relative_accuracy:
        middle = (low + high) / 2
        low, high = (middle, high) if certificate(family(math.exp(middle))) else (low, middle)
    return math.exp(low)
