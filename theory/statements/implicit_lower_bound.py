"""The implicit lower bound: the root of an increasing function, from which the explicit bound follows."""

from theory.bounds.fine_tuning import implicit_lower_bound
from theory.statements.ft_ood_lower_bound import LOWER_BOUND_SETTINGS, lowest_fine_tuning_risk
from theory.statements.premises import always
from theory.statements.statement import Statement

STATEMENT = Statement(
    name="implicit_lower_bound",
    order=50,
    source="ours; the argument behind submission, Theorem 3.1, without its losses",
    claim="At no time is the OOD risk of fine-tuning below the root of the head error ceiling.",
    latex=(
        r"\sqrt{L_{ood}(v(t), B(t))} \ge \sqrt{\sigma_{\min}(\Sigma)} \, (c x - \epsilon W), \quad H(x) = \varphi^2"
    ),
    premises="none (the bound is 0 where c = 0)",
    premises_hold=always,
    smaller=lambda evidence: implicit_lower_bound(evidence.problem),
    larger=lowest_fine_tuning_risk,
    settings=LOWER_BOUND_SETTINGS,
    bound="smaller",
    published=False,
    proof="docs/theory.md#the-implicit-lower-bound",
)
