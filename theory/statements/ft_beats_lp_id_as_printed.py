"""Fine-tuning beats linear probing in distribution, with the premise as it is printed: false.

The submission asks that w* be outside the row space of B0. That is not enough: where w* and the features differ off the
ID subspace only, linear probing fits every ID input, and nothing can do better. `ft_beats_lp_id` asks for a difference
on the ID subspace.
"""

import jax.numpy as jnp
from jaxtyping import Array, Bool

from theory.networks import LinearNetwork
from theory.problem import Problem
from theory.statements.ft_beats_lp_id import final_fine_tuning_id_risk, final_linear_probing_id_risk
from theory.statements.statement import Counterexample, Setting, Statement
from theory.subspaces import off_projection

#: w* counts as outside the row space of B0 from this share of it on.
OUTSIDE = 1e-6


def truth_is_outside_row_space(problem: Problem) -> Bool[Array, ""]:
    """w* is not in rowspace(B0)."""
    weights = problem.truth.weights
    outside = off_projection(problem.pretrained.features.T, weights[:, None])
    return jnp.linalg.norm(outside) > OUTSIDE * jnp.linalg.norm(weights)


def differing_off_the_id_subspace() -> Problem:
    """d = 4, k = 1, m = 2: k < m < d - k. B0 and B* agree on S = span(e1, e2), and nowhere else."""
    return Problem(
        truth=LinearNetwork(head=jnp.array([1.0]), features=jnp.array([[0.6, 0.0, 0.0, 0.8]])),
        pretrained=LinearNetwork(head=jnp.array([0.5]), features=jnp.array([[0.6, 0.0, 0.8, 0.0]])),
        id_frame=jnp.eye(4)[:, :2],
        training_covariance=jnp.eye(2),
    )


STATEMENT = Statement(
    name="ft_beats_lp_id_as_printed",
    order=95,
    source="submission, Proposition 3.1, to the letter",
    claim="Where the truth is no mix of pretrained features, FT that ends in a local minimum beats LP in distribution.",
    latex=r"w_* \notin \mathrm{rowspace}(B_0) \Rightarrow L_{id:sub}(v_{ft}^\infty, B_{ft}^\infty) < "
    r"L_{id:sub}(v_{lp}^\infty, B_0)",
    premises="w* is not in rowspace(B0), fine-tuning converges to a local minimum",
    premises_hold=truth_is_outside_row_space,
    smaller=final_fine_tuning_id_risk,
    larger=final_linear_probing_id_risk,
    settings=(Setting.SEVERAL_ID_DIRECTIONS,),
    published=True,
    counterexamples=(
        Counterexample(
            "features that differ off the ID subspace",
            "linear probing has ID risk 0, which fine-tuning cannot beat",
            differing_off_the_id_subspace,
        ),
    ),
    strict=True,
)
