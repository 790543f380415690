"""Dominance certificates: proof, for one concrete problem, that a method beats fine-tuning at every stopping time."""

import math
from collections.abc import Callable

from jaxtyping import Array, Bool

from theory.bounds.fine_tuning import implicit_lower_bound
from theory.bounds.linear_probing import linear_probing_upper_bound
from theory.bounds.lp_ft import lp_ft_upper_bound
from theory.problem import Problem


def lp_beats_ft(problem: Problem) -> Bool[Array, ""]:
    """Whether the LP upper bound lies below the implicit lower bound of fine-tuning.

    Where true, linear probing has lower OOD risk than fine-tuning stopped at any time. Where false nothing is claimed.
    """
    return linear_probing_upper_bound(problem) < implicit_lower_bound(problem)


def lp_ft_beats_ft(problem: Problem) -> Bool[Array, ""]:
    """The same for LP-FT at any time against fine-tuning at any time."""
    return lp_ft_upper_bound(problem) < implicit_lower_bound(problem)


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
