"""The half-space bound: the sign and the least size of what fine-tuning says about a direction it never sees."""

from theory.bounds.half_space import half_space_lower_bound
from theory.statements.ft_ood_lower_bound import LOWER_BOUND_SETTINGS, lowest_fine_tuning_risk
from theory.statements.premises import always
from theory.statements.statement import Statement

STATEMENT = Statement(
    name="half_space_lower_bound",
    order=52,
    source="ours",
    claim="The weights of fine-tuning never leave a half-space, and the truth's distance to it bounds the OOD risk.",
    latex=(
        r"\sqrt{L_{ood}(v(t), B(t))} \ge \max_{u \perp S} \frac{\sqrt{\lambda_u} - s_u \, u^\top w_*}"
        r"{\sqrt{u^\top \Sigma^{-1} u}}, \quad \lambda_u = (u^\top w_0)^2 - |P B_0^\top B_0 u|^2"
    ),
    premises="none (directions with lambda_u <= 0 say nothing)",
    premises_hold=always,
    smaller=lambda evidence: half_space_lower_bound(evidence.problem),
    larger=lowest_fine_tuning_risk,
    settings=LOWER_BOUND_SETTINGS,
    published=False,
    bound="smaller",
    proof="docs/theory.md#the-half-space-bound",
)
