from .movement import FeatureMovement, feature_movement, followed_share, linear_cka
from .subspaces import (
    Span,
    energy_outside,
    paired_distance,
    principal_angles,
    principal_span,
)
from .theory_estimates import (
    Exposure,
    HeadComparison,
    TheoryEstimates,
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
