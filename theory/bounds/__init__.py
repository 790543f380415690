"""Bounds on OOD risk: lower ones for fine-tuning, upper ones for linear probing and LP-FT, and the certificate.

Every function returns a bound on sqrt(OOD risk). Proofs: docs/theory.md.
"""

from theory.bounds.certificate import best_lower_bound, lp_beats_ft, lp_ft_beats_ft
from theory.bounds.determinant import determinant_lower_bound
from theory.bounds.fine_tuning import corrected_lower_bound, implicit_lower_bound, published_lower_bound
from theory.bounds.half_space import half_space_lower_bound
from theory.bounds.half_space_several_outputs import several_outputs_half_space_bound
from theory.bounds.linear_probing import linear_probing_upper_bound
from theory.bounds.lp_ft import lp_ft_upper_bound

__all__ = [
    "best_lower_bound",
    "corrected_lower_bound",
    "determinant_lower_bound",
    "half_space_lower_bound",
    "implicit_lower_bound",
    "linear_probing_upper_bound",
    "lp_beats_ft",
    "lp_ft_beats_ft",
    "lp_ft_upper_bound",
    "published_lower_bound",
    "several_outputs_half_space_bound",
]
