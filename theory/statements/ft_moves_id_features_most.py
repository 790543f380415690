"""Fine-tuning moves the features of ID inputs at least as much as those of OOD inputs, under a premise on the inputs.

Features move on the ID subspace only: `B(t) - B0 = delta F^T`. Root mean squares of `|(B(t) - B0) x|` over inputs, in
units of the root mean square of |x|, are then traces of `delta^T delta` with the second moments on S, each divided by
its trace. Where the OOD one is the smaller of the two matrices, ID features move more, whatever delta is.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from theory.problem import Problem
from theory.statements.evidence import Evidence
from theory.statements.statement import Setting, Statement

#: Eigenvalues of a difference of two moments of trace 1: rounding.
ROUNDING = 1e-12
#: Movements below this share of the features are too small to compare.
MOVED = 1e-6


def relative_moments(problem: Problem) -> tuple[Float[Array, "m m"], Float[Array, "m m"]]:
    """Second moments of ID and of OOD inputs on the ID subspace, each in units of the mean squared length."""
    frame, d, m = problem.id_frame, problem.input_dim, problem.id_dim
    inside = jnp.eye(m) if problem.id_covariance is None else problem.id_covariance
    outside = jnp.eye(d) if problem.ood_covariance is None else problem.ood_covariance
    return inside / jnp.trace(inside), frame.T @ outside @ frame / jnp.trace(outside)


def id_inputs_see_more(problem: Problem) -> Bool[Array, ""]:
    """Whether `F^T Sigma F / tr Sigma <= Sigma_id / tr Sigma_id` as matrices."""
    inside, outside = relative_moments(problem)
    return jnp.linalg.eigvalsh(inside - outside)[0] >= -ROUNDING


def movements(evidence: Evidence) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """OOD and ID movement of fine-tuning, at the time at which the first is largest beside the second."""
    problem = evidence.problem
    delta = (evidence.fine_tuning.features - problem.pretrained.features) @ problem.id_frame
    seen_by_id, seen_by_ood = (
        jnp.sqrt(jax.vmap(lambda part, moment=moment: jnp.sum((part @ moment) * part))(delta))
        for moment in relative_moments(problem)
    )
    moved = jnp.linalg.norm(delta, axis=(1, 2)) > MOVED
    time = jnp.argmax(jnp.where(moved, seen_by_ood / jnp.where(moved, seen_by_id, 1.0), 0.0))
    return seen_by_ood[time], seen_by_id[time]


STATEMENT = Statement(
    name="ft_moves_id_features_most",
    order=116,
    source="ours; the premise under which the prediction of submission, section 4.3, follows",
    claim="Fine-tuning moves ID features at least as much as OOD ones where ID inputs have more of their length in S.",
    latex=(
        r"\frac{F^\top \Sigma F}{\mathrm{tr} \Sigma} \preceq \frac{\Sigma_{id}}{\mathrm{tr} \Sigma_{id}} \Rightarrow "
        r"\frac{E_{ood} |(B(t) - B_0) x|^2}{E_{ood} |x|^2} \le \frac{E_{id} |(B(t) - B_0) x|^2}{E_{id} |x|^2}"
    ),
    premises="F^T Sigma F / tr Sigma <= Sigma_id / tr Sigma_id; so for identity moments, with ratio sqrt(m / d)",
    premises_hold=id_inputs_see_more,
    smaller=lambda evidence: movements(evidence)[0],
    larger=lambda evidence: movements(evidence)[1],
    settings=(Setting.ONE_ID_DIRECTION, Setting.MANY_FEATURES, Setting.SEVERAL_ID_DIRECTIONS),
    published=False,
    proof="docs/theory.md#which-features-move",
)
