"""With perfect features linear probing finds the truth."""

import jax.numpy as jnp

from theory.statements.linear_probing_upper_bound import probed_risk
from theory.statements.premises import features_are_perfect, on_subspace_visible
from theory.statements.statement import Setting, Statement

STATEMENT = Statement(
    name="lp_perfect_features",
    order=65,
    source="submission, Proposition A.2 (as section 3.2 states it)",
    claim="With perfect features the limit of linear probing has OOD risk 0.",
    latex=r"B_0 = U B_* \Rightarrow L_{ood}(v_{lp}^\infty, B_0) = 0",
    premises="B0 = U B* for a rotation U, cos theta_max(R0, S) != 0, k <= m",
    premises_hold=lambda problem: features_are_perfect(problem) & on_subspace_visible(problem),
    smaller=probed_risk,
    larger=lambda evidence: jnp.zeros(()),
    settings=(Setting.PERFECT_FEATURES,),
    published=True,
    proof="docs/theory.md#the-linear-probing-upper-bound",
)
