"""In distribution fine-tuning wins: it fits what the pretrained features cannot express.

For almost every head, with a rate for all heads outside an ellipsoid. The submission assumes that fine-tuning converges
to a local minimum, and its premise on w* is not enough: see `ft_beats_lp_id_as_printed`.
"""

from jaxtyping import Array, Float

from theory.statements.evidence import Evidence, root_id_risks
from theory.statements.premises import truth_is_outside_features
from theory.statements.statement import Setting, Statement


def final_fine_tuning_id_risk(evidence: Evidence) -> Float[Array, ""]:
    """sqrt(ID risk) of the fine-tuning limit, 0 in theory."""
    return root_id_risks(evidence.fine_tuning, evidence.problem)[-1]


def final_linear_probing_id_risk(evidence: Evidence) -> Float[Array, ""]:
    """sqrt(ID risk) of the linear-probing limit."""
    return root_id_risks(evidence.linear_probing, evidence.problem)[-1]


STATEMENT = Statement(
    name="ft_beats_lp_id",
    order=90,
    source="submission, Proposition 3.1, its premise mended; almost surely and risk 0 are ours",
    claim="Fine-tuning reaches ID risk 0 almost surely; linear probing does not.",
    latex=r"0 = L_{id}(v_{ft}(\infty), B_{ft}(\infty)) < L_{id}(v_{lp}, B_0) \quad \text{almost surely}",
    premises="on the ID subspace w* is no combination of the pretrained features",
    premises_hold=truth_is_outside_features,
    smaller=final_fine_tuning_id_risk,
    larger=final_linear_probing_id_risk,
    settings=(
        Setting.SEVERAL_ID_DIRECTIONS,
        Setting.WIDE_SCALES,
    ),
    published=False,
    proof="docs/theory.md#fine-tuning-fits-the-training-data",
)
