"""LP-FT keeps the OOD risk of linear probing, up to a constant, at every time of its fine-tuning."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.bounds.lp_ft import lp_ft_stays_close, lp_ft_upper_bound
from theory.statements.evidence import Evidence, root_ood_risks
from theory.statements.statement import Setting, Statement


def highest_lp_ft_risk(evidence: Evidence) -> Float[Array, ""]:
    """sup_t sqrt(OOD risk) of LP-FT."""
    return jnp.max(root_ood_risks(evidence.lp_ft, evidence.problem))


STATEMENT = Statement(
    name="lp_ft_upper_bound",
    order=110,
    source="ours; extends submission, Proposition 3.2, to imperfect features",
    claim="With good enough features the OOD risk of LP-FT is bounded by the feature error at every time.",
    latex=(
        r"\sqrt{L_{ood}} \le \sqrt{\sigma_{\max}(\Sigma)} \max\left(E + V - \sqrt{V^2 - s}, \sqrt{E^2 + s^2}\right), "
        r"\quad E = \epsilon W + s / c_S, \; s = \sqrt\kappa \, \epsilon W, \; V = |v_{lp}|"
    ),
    premises="sqrt(kappa) eps W < V^2 with V = |v_lp|",
    premises_hold=lp_ft_stays_close,
    smaller=highest_lp_ft_risk,
    larger=lambda evidence: lp_ft_upper_bound(evidence.problem),
    settings=(Setting.GOOD_FEATURES, Setting.SEVERAL_ID_DIRECTIONS, Setting.WIDE_SCALES),
    bound="larger",
    published=False,
    proof="docs/theory.md#the-lp-ft-upper-bound",
)
