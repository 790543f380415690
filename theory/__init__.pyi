from . import bounds, fine_tuning, statements
from .alignment import aligned_truth, feature_error, head_alignment_error, truth_norm
from .bounds import (
    best_lower_bound,
    corrected_lower_bound,
    half_space_lower_bound,
    implicit_lower_bound,
    linear_probing_upper_bound,
    lp_beats_ft,
    lp_ft_beats_ft,
    lp_ft_upper_bound,
    published_lower_bound,
)
from .fine_tuning.random_head import expected_ood_risk
from .networks import LinearNetwork
from .problem import Problem
from .risks import id_risk, id_subspace_risk, ood_risk, training_loss
from .statements import STATEMENTS, Counterexample, Evidence, Setting, Statement, Status, is_violated, slack
from .subspaces import (
    feature_distance,
    largest_principal_angle,
    off_subspace_cosine,
    on_subspace_cosine,
    principal_angles,
)
from .version import __version__

__all__ = [
    "STATEMENTS",
    "Counterexample",
    "Evidence",
    "LinearNetwork",
    "Problem",
    "Setting",
    "Statement",
    "Status",
    "__version__",
    "aligned_truth",
    "best_lower_bound",
    "bounds",
    "corrected_lower_bound",
    "expected_ood_risk",
    "feature_distance",
    "feature_error",
    "fine_tuning",
    "half_space_lower_bound",
    "head_alignment_error",
    "id_risk",
    "id_subspace_risk",
    "implicit_lower_bound",
    "is_violated",
    "largest_principal_angle",
    "linear_probing_upper_bound",
    "lp_beats_ft",
    "lp_ft_beats_ft",
    "lp_ft_upper_bound",
    "off_subspace_cosine",
    "on_subspace_cosine",
    "ood_risk",
    "principal_angles",
    "published_lower_bound",
    "slack",
    "statements",
    "training_loss",
    "truth_norm",
]
