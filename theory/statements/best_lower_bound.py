"""The largest of the proved lower bounds, on which the certificates rest."""

from theory.bounds.certificate import best_lower_bound
from theory.statements.ft_ood_lower_bound import lowest_fine_tuning_risk
from theory.statements.premises import always
from theory.statements.statement import Setting, Statement

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
    settings=(
        Setting.ONE_ID_DIRECTION,
        Setting.MANY_FEATURES,
        Setting.PERFECT_FEATURES,
        Setting.SEVERAL_ID_DIRECTIONS,
        Setting.WIDE_SCALES,
    ),
    published=False,
    bound="smaller",
    proof="docs/theory.md#the-dominance-certificate",
)
