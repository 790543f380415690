"""Linear probing is as good out of distribution as its features are, up to the conditioning of the ID data."""

from jaxtyping import Array, Float

from theory.bounds.linear_probing import linear_probing_upper_bound
from theory.statements.evidence import Evidence, root_ood_risks
from theory.statements.premises import on_subspace_visible
from theory.statements.statement import Setting, Statement


def probed_risk(evidence: Evidence) -> Float[Array, ""]:
    """sqrt(OOD risk) of the linear-probing limit."""
    return root_ood_risks(evidence.linear_probing, evidence.problem)[-1]


STATEMENT = Statement(
    name="linear_probing_upper_bound",
    order=60,
    source="ours; makes the second half of submission, Theorem 3.2, quantitative",
    claim="The OOD risk of the linear-probing limit is bounded by the feature error.",
    latex=r"\sqrt{L_{ood}(v_{lp}, B_0)} \le \sqrt{\sigma_{\max}(\Sigma)} \, \epsilon W (1 + \sqrt{\kappa} / c_S)",
    premises="cos theta_max(R0, S) != 0, k <= m",
    premises_hold=on_subspace_visible,
    smaller=probed_risk,
    larger=lambda evidence: linear_probing_upper_bound(evidence.problem),
    settings=(Setting.ONE_ID_DIRECTION, Setting.MANY_FEATURES, Setting.SEVERAL_ID_DIRECTIONS, Setting.WIDE_SCALES),
    bound="larger",
    published=False,
    proof="docs/theory.md#the-linear-probing-upper-bound",
)
