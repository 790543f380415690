"""The published lower bound with phi and eps read to the letter: the same problems refute it.

They have eps = 0 or W > 1 and a head longer than the truth, where phi^2 is positive: no reading of the two definitions
saves the bound. See `ft_ood_lower_bound` for the reading of its proof.
"""

from theory.bounds.as_printed import printed_lower_bound
from theory.statements import ft_ood_lower_bound
from theory.statements.ft_ood_lower_bound import lowest_fine_tuning_risk
from theory.statements.premises import off_subspace_visible
from theory.statements.statement import Setting, Statement

STATEMENT = Statement(
    name="ft_ood_lower_bound_as_printed",
    order=35,
    source="submission, Theorem 3.1, equation 3.7, to the letter",
    claim="The same bound to the letter: phi^2 without absolute value, and eps the squared feature distance.",
    latex=(
        r"\sqrt{L_{ood}(v(t), B(t))} \ge \frac{\cos\theta_k(R, S^\perp)}{\sqrt{k}} "
        r"\frac{\min(\varphi, \varphi^2 / W)}{(1 + W)^2} - \epsilon, \quad \varphi^2 = (v_0^\top v_*)^2 - "
        r"(v_*^\top v_*)^2, \; \epsilon = \min_U \|B_0 - U B_*\|_2^2"
    ),
    premises="cos theta_k(R0, S_perp) > 0",
    premises_hold=off_subspace_visible,
    smaller=lambda evidence: printed_lower_bound(evidence.problem),
    larger=lowest_fine_tuning_risk,
    settings=(Setting.ONE_ID_DIRECTION, Setting.PERFECT_FEATURES),
    published=True,
    counterexamples=ft_ood_lower_bound.STATEMENT.counterexamples,
)
