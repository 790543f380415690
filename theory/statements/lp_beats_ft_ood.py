"""With good features linear probing beats fine-tuning out of distribution, whenever fine-tuning is stopped.

The paper's theorem is a limit, B0 -> B*. This is its quantitative form: the ratio of risks is at most the ratio of the
upper bound for linear probing, which is proportional to eps, and the lower bound for fine-tuning, which is not.
"""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from theory.bounds.certificate import best_lower_bound
from theory.bounds.linear_probing import linear_probing_upper_bound
from theory.problem import Problem
from theory.statements.evidence import Evidence
from theory.statements.ft_ood_lower_bound import lowest_fine_tuning_risk
from theory.statements.linear_probing_upper_bound import probed_risk
from theory.statements.premises import off_subspace_visible, on_subspace_visible
from theory.statements.statement import Setting, Statement


def fine_tuning_is_bounded_away(problem: Problem) -> Bool[Array, ""]:
    """Both angles are visible and the head is misaligned enough for a positive lower bound."""
    visible = off_subspace_visible(problem) & on_subspace_visible(problem)
    return visible & (best_lower_bound(problem) > 0)


def scaled_risk_ratio(evidence: Evidence) -> Float[Array, ""]:
    """The ratio of sqrt(OOD risk), linear probing to fine-tuning at its best, times the bound on the latter.

    In units of a risk and not a bare ratio, so that rounding can be told from a violation.
    """
    lowest = lowest_fine_tuning_risk(evidence)
    ratio = jnp.where(lowest > 0, probed_risk(evidence) / jnp.where(lowest > 0, lowest, 1.0), jnp.inf)
    return ratio * best_lower_bound(evidence.problem)


STATEMENT = Statement(
    name="lp_beats_ft_ood",
    order=70,
    source="submission, Theorem 3.2; here in quantitative form",
    claim="The ratio of OOD risks, linear probing to fine-tuning at its best moment, vanishes with the feature error.",
    latex=r"\frac{L_{ood}(v_{lp}, B_0)}{\inf_t L_{ood}(v_{ft}(t), B_{ft}(t))} \xrightarrow{p} 0, \quad B_0 \to B_*",
    premises="cos theta_max(R*, S) != 0, cos theta_max(R*, S_perp) != 0, lower bound positive",
    premises_hold=fine_tuning_is_bounded_away,
    smaller=scaled_risk_ratio,
    larger=lambda evidence: linear_probing_upper_bound(evidence.problem),
    settings=(Setting.GOOD_FEATURES, Setting.SEVERAL_ID_DIRECTIONS, Setting.WIDE_SCALES),
    published=True,
    proof="docs/theory.md#linear-probing-against-fine-tuning",
)
