"""The statements of the paper and ours, one file each, in the order in which the argument runs."""

from theory.statements import (
    balancedness,
    corrected_lower_bound,
    early_stopping,
    frozen_features,
    ft_beats_lp_id,
    ft_beats_lp_id_as_printed,
    ft_moves_id_features_most,
    ft_moves_id_features_most_as_printed,
    ft_ood_lower_bound,
    ft_ood_lower_bound_as_printed,
    id_features_move_more,
    id_subspace_loss,
    implicit_lower_bound,
    linear_probing_upper_bound,
    lp_beats_ft_ood,
    lp_ft_dominance,
    lp_ft_perfect_features,
    lp_ft_upper_bound,
    lp_perfect_features,
)
from theory.statements.evidence import Evidence, closed_form_evidence
from theory.statements.statement import Counterexample, Setting, Statement, Status, is_violated, slack, status

STATEMENTS: tuple[Statement, ...] = (
    frozen_features.STATEMENT,
    balancedness.STATEMENT,
    ft_ood_lower_bound.STATEMENT,
    ft_ood_lower_bound_as_printed.STATEMENT,
    corrected_lower_bound.STATEMENT,
    implicit_lower_bound.STATEMENT,
    linear_probing_upper_bound.STATEMENT,
    lp_perfect_features.STATEMENT,
    lp_beats_ft_ood.STATEMENT,
    early_stopping.STATEMENT,
    id_subspace_loss.STATEMENT,
    ft_beats_lp_id.STATEMENT,
    ft_beats_lp_id_as_printed.STATEMENT,
    lp_ft_perfect_features.STATEMENT,
    lp_ft_upper_bound.STATEMENT,
    ft_moves_id_features_most_as_printed.STATEMENT,
    ft_moves_id_features_most.STATEMENT,
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
    "closed_form_evidence",
    "is_violated",
    "slack",
    "status",
]
