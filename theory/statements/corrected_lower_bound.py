"""The lower bound on the OOD risk of fine-tuning with constants that hold; the constant 1/2 is the best of its form."""

from theory.bounds.fine_tuning import corrected_lower_bound
from theory.statements.ft_ood_lower_bound import LOWER_BOUND_SETTINGS, lowest_fine_tuning_risk
from theory.statements.premises import always
from theory.statements.statement import Statement

STATEMENT = Statement(
    name="corrected_lower_bound",
    order=40,
    source="ours; corrects submission, Theorem 3.1",
    claim="At no time is the OOD risk of fine-tuning below a bound set by the head alignment error.",
    latex=(
        r"\sqrt{L_{ood}(v(t), B(t))} \ge \sqrt{\sigma_{\min}(\Sigma)} \left( \frac{c}{2} "
        r"\frac{\min(\varphi, \varphi^2 / W)}{(1 + W)^2} - \epsilon W \right)"
    ),
    premises="none (the bound is 0 where c = 0)",
    premises_hold=always,
    smaller=lambda evidence: corrected_lower_bound(evidence.problem),
    larger=lowest_fine_tuning_risk,
    settings=LOWER_BOUND_SETTINGS,
    bound="smaller",
    published=False,
    proof="docs/theory.md#the-corrected-lower-bound",
)
