"""LP-FT moves features by O(eps), and only for ID inputs.

The paper measures on images that LP-FT moves features much less than fine-tuning does; O(eps) is ours.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.bounds.lp_ft import lp_ft_feature_movement_bound, lp_ft_stays_close
from theory.statements.evidence import Evidence
from theory.statements.statement import Setting, Statement


def lp_ft_feature_movement(evidence: Evidence) -> Float[Array, ""]:
    """sup_t `||B(t) - B0||_F` of LP-FT."""
    movement = evidence.lp_ft.features - evidence.problem.pretrained.features
    return jnp.max(jnp.linalg.norm(movement, axis=(1, 2)))


STATEMENT = Statement(
    name="id_features_move_more",
    order=120,
    source="ours; what submission, section 4.3, measures on images",
    claim="LP-FT moves the features of ID inputs by at most a multiple of the feature error.",
    latex=r"\|B_{lpft}(t) - B_0\|_F \le 2 (V - \sqrt{V^2 - \sqrt\kappa \, \epsilon W}) \quad \text{for all } t",
    premises="sqrt(kappa) eps W < V^2 with V = |v_lp|",
    premises_hold=lp_ft_stays_close,
    smaller=lp_ft_feature_movement,
    larger=lambda evidence: lp_ft_feature_movement_bound(evidence.problem),
    settings=(Setting.GOOD_FEATURES, Setting.SEVERAL_ID_DIRECTIONS, Setting.WIDE_SCALES),
    bound="larger",
    published=False,
    proof="docs/theory.md#the-lp-ft-upper-bound",
)
