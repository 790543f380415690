"""Bounds on OOD risk: lower ones for fine-tuning, upper ones for linear probing and LP-FT, and the certificate.

Every function returns a bound on sqrt(OOD risk). Proofs: docs/theory.md.
"""

from theory.bounds.certificate import lp_beats_ft, lp_ft_beats_ft
from theory.bounds.fine_tuning import corrected_lower_bound, implicit_lower_bound, published_lower_bound
from theory.bounds.linear_probing import linear_probing_upper_bound
from theory.bounds.lp_ft import lp_ft_upper_bound

__all__ = [
    "corrected_lower_bound",
    "implicit_lower_bound",
    "linear_probing_upper_bound",
    "lp_beats_ft",
    "lp_ft_beats_ft",
    "lp_ft_upper_bound",
    "published_lower_bound",
]
