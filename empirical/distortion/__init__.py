"""The theory's questions asked of real features: how far they move, where OOD data lies, what the bounds would say."""

from empirical.distortion.movement import FeatureMovement, feature_movement, followed_share, linear_cka
from empirical.distortion.subspaces import (
    Span,
    energy_outside,
    paired_distance,
    principal_angles,
    principal_span,
)
from empirical.distortion.theory_estimates import (
    Exposure,
    HeadComparison,
    TheoryEstimates,
    can_be_halved,
    compare_heads,
    estimates,
    exposure,
    feature_error,
)

__all__ = [
    "Exposure",
    "FeatureMovement",
    "HeadComparison",
    "Span",
    "TheoryEstimates",
    "can_be_halved",
    "compare_heads",
    "energy_outside",
    "estimates",
    "exposure",
    "feature_error",
    "feature_movement",
    "followed_share",
    "linear_cka",
    "paired_distance",
    "principal_angles",
    "principal_span",
]
