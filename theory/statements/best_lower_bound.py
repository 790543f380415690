"""The largest of the proved lower bounds, on which the certificates rest."""

from theory.bounds.certificate import best_lower_bound
from theory.statements.ft_ood_lower_bound import LOWER_BOUND_SETTINGS, lowest_fine_tuning_risk
from theory.statements.premises import always
from theory.statements.statement import Statement

STATEMENT = Statement(
    name="best_lower_bound",
    order=54,
    source="ours",
    claim="At no time is the OOD risk of fine-tuning below the largest of the proved lower bounds.",
    latex=r"\sqrt{L_{ood}(v(t), B(t))} \ge \max(\text{corrected}, \text{implicit}, \text{half-space})",
    premises="none",
    premises_hold=always,
    smaller=lambda evidence: best_lower_bound(evidence.problem),
    larger=lowest_fine_tuning_risk,
    settings=LOWER_BOUND_SETTINGS,
    published=False,
    bound="smaller",
    proof="docs/theory.md#the-dominance-certificate",
)
