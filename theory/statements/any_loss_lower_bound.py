"""The lower bounds on fine-tuning hold for every loss and all labels: they rest on what no gradient can change."""

from theory.bounds.certificate import best_lower_bound
from theory.statements.ft_ood_lower_bound import lowest_fine_tuning_risk
from theory.statements.premises import always
from theory.statements.statement import Setting, Statement

STATEMENT = Statement(
    name="any_loss_lower_bound",
    order=55,
    source="ours",
    claim="The lower bounds on fine-tuning hold for gradient flow on any loss of the outputs and any labels.",
    latex=(
        r"\frac{d(v, B)}{dt} = -\nabla \sum_i \ell_i(v^\top B x_i, t), \; x_i \in S \; \Rightarrow \; "
        r"\sqrt{L_{ood}(v(t), B(t))} \ge \max(\text{corrected}, \text{implicit}, \text{half-space})"
    ),
    premises="training inputs in S, one output",
    premises_hold=always,
    smaller=lambda evidence: best_lower_bound(evidence.problem),
    larger=lowest_fine_tuning_risk,
    settings=(Setting.ANY_LOSS,),
    published=False,
    bound="smaller",
    proof="docs/theory.md#any-loss-any-labels-finite-steps",
)
