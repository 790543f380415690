"""How far LP-FT moves features, from two numbers that can be measured at its start: no truth, no feature error."""

import jax
from jaxtyping import Array, Bool, Float

from theory import linear_probing
from theory.bounds.short_path import feature_movement_bound, start_nearly_fits
from theory.problem import Problem
from theory.reduction import reduce
from theory.statements.evidence import Evidence
from theory.statements.id_features_move_more import lp_ft_feature_movement
from theory.statements.statement import Setting, Statement


def from_probed_head(problem: Problem) -> Problem:
    """The problem at the start of LP-FT's fine-tuning."""
    reduced = reduce(problem, compress=False)
    return problem.with_head(linear_probing.limit(reduced).head)


def probed_start_nearly_fits(problem: Problem) -> Bool[Array, ""]:
    """The premise at the start of LP-FT's fine-tuning."""
    return start_nearly_fits(from_probed_head(problem))


def measured_movement_bound(evidence: Evidence) -> Float[Array, ""]:
    """`2 (V - sqrt(V^2 - rho / sqrt(mu)))` at the probed head, which the evidence holds."""
    start = jax.tree.map(lambda leaf: leaf[0], evidence.lp_ft)
    return feature_movement_bound(evidence.problem.with_head(start.head))


STATEMENT = Statement(
    name="measured_feature_movement",
    order=122,
    source="ours; makes submission, section 4.3, quantitative without the truth",
    claim="LP-FT moves the features by at most a multiple of the residual that linear probing leaves.",
    latex=(
        r"\|B(t) - B_0\|_F \le 2 \left(V - \sqrt{V^2 - \rho / \sqrt\mu}\right) \le \frac{2 \rho}{\sqrt\mu \, V}, "
        r"\quad V = |v_{lp}|, \; \rho = |X B_0^\top v_{lp} - Y|"
    ),
    premises="rho < sqrt(mu) V^2",
    premises_hold=probed_start_nearly_fits,
    smaller=lp_ft_feature_movement,
    larger=measured_movement_bound,
    settings=(Setting.GOOD_FEATURES, Setting.SEVERAL_ID_DIRECTIONS),
    published=False,
    bound="larger",
    proof="docs/theory.md#the-lp-ft-upper-bound",
)
