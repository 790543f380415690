"""The half-space bound for descent with finite steps and minibatches, less what the steps were seen to take away."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.bounds.finite_steps import finite_step_lower_bound
from theory.bounds.half_space import half_space_lower_bound
from theory.statements.evidence import Evidence, root_ood_risks
from theory.statements.ft_ood_lower_bound import lowest_fine_tuning_risk
from theory.statements.premises import always
from theory.statements.statement import Setting, Statement


def bound_where_closest(evidence: Evidence) -> Float[Array, ""]:
    """The bound with the drift up to the moment at which fine-tuning comes closest to it."""
    if evidence.drift is None:
        return half_space_lower_bound(evidence.problem)
    return _closest(evidence)[0]


def risk_where_closest(evidence: Evidence) -> Float[Array, ""]:
    """sqrt(OOD risk) of fine-tuning at that moment."""
    return lowest_fine_tuning_risk(evidence) if evidence.drift is None else _closest(evidence)[1]


def _closest(evidence: Evidence) -> tuple[Float[Array, ""], Float[Array, ""]]:
    bounds = jax.vmap(lambda drift: finite_step_lower_bound(evidence.problem, drift))(evidence.drift)
    risks = root_ood_risks(evidence.fine_tuning, evidence.problem)
    # The smallest share that is left, since bound and risk may both decay by orders of magnitude.
    moment = jnp.argmin((risks - bounds) / jnp.where(risks > 0, risks, 1.0))
    return bounds[moment], risks[moment]


STATEMENT = Statement(
    name="finite_step_lower_bound",
    order=56,
    source="ours",
    claim="After any number of steps of SGD the half-space bound holds, with the squares of the steps taken off.",
    latex=(
        r"\sqrt{L_{ood}(v_n, B_n)} \ge \max_{u \perp S} \frac{\sqrt{\lambda_u - "
        r"\sum_j \eta_j^2 |g_{B,j}^\top B_0 u|^2} - s_u \, u^\top w_*}{\sqrt{u^\top \Sigma^{-1} u}}"
    ),
    premises="plain gradient steps, training inputs in S, one output (the sign s_u where no step can turn the head)",
    premises_hold=always,
    smaller=bound_where_closest,
    larger=risk_where_closest,
    settings=(Setting.FINITE_STEPS,),
    published=False,
    bound="smaller",
    proof="docs/theory.md#any-loss-any-labels-finite-steps",
)
