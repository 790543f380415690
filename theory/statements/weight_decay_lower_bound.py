"""The half-space bound under weight decay: the truth's distance to a half-space that moves towards the origin."""

from theory.statements.finite_step_lower_bound import bound_where_closest, risk_where_closest
from theory.statements.premises import always
from theory.statements.statement import Setting, Statement

STATEMENT = Statement(
    name="weight_decay_lower_bound",
    order=57,
    source="ours",
    claim="With weight decay the half-space bound holds with a half-space that shrinks at a known rate.",
    latex=(
        r"\sqrt{L_{ood}(v(t), B(t))} \ge \max_{u \perp S} \frac{e^{-4 \lambda t} \sqrt{\lambda_u} - s_u \, u^\top w_*}"
        r"{\sqrt{u^\top \Sigma^{-1} u}}"
    ),
    premises="penalty lambda (|v|^2 + |B|^2), any loss of the outputs, training inputs in S, one output",
    premises_hold=always,
    smaller=bound_where_closest,
    larger=risk_where_closest,
    settings=(Setting.WEIGHT_DECAY,),
    published=False,
    bound="smaller",
    proof="docs/theory.md#any-loss-any-labels-finite-steps",
)
