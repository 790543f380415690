"""The statements of the paper and ours, one file each, in the order in which the argument runs."""

from theory.statements import (
    any_loss_lower_bound,
    balancedness,
    best_lower_bound,
    corrected_lower_bound,
    early_stopping,
    finite_step_lower_bound,
    frozen_features,
    ft_beats_lp_id,
    ft_ood_lower_bound,
    half_space_lower_bound,
    id_features_move_more,
    implicit_lower_bound,
    linear_probing_upper_bound,
    lp_beats_ft_ood,
    lp_ft_dominance,
    lp_ft_perfect_features,
    lp_ft_upper_bound,
    weight_decay_lower_bound,
)
from theory.statements.evidence import Evidence, closed_form_evidence
from theory.statements.statement import (
    Counterexample,
    Setting,
    Statement,
    Status,
    bound_ratio,
    is_violated,
    slack,
    status,
)

STATEMENTS: tuple[Statement, ...] = (
    frozen_features.STATEMENT,
    balancedness.STATEMENT,
    ft_ood_lower_bound.STATEMENT,
    corrected_lower_bound.STATEMENT,
    implicit_lower_bound.STATEMENT,
    half_space_lower_bound.STATEMENT,
    best_lower_bound.STATEMENT,
    any_loss_lower_bound.STATEMENT,
    finite_step_lower_bound.STATEMENT,
    weight_decay_lower_bound.STATEMENT,
    linear_probing_upper_bound.STATEMENT,
    lp_beats_ft_ood.STATEMENT,
    early_stopping.STATEMENT,
    ft_beats_lp_id.STATEMENT,
    lp_ft_perfect_features.STATEMENT,
    lp_ft_upper_bound.STATEMENT,
    id_features_move_more.STATEMENT,
    lp_ft_dominance.STATEMENT,
)

__all__ = [
    "STATEMENTS",
    "Counterexample",
    "Evidence",
    "Setting",
    "Statement",
    "Status",
    "bound_ratio",
    "closed_form_evidence",
    "is_violated",
    "slack",
    "status",
]
