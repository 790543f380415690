"""Fine-tuning does not change the features of inputs orthogonal to the ID subspace.

The gradient with respect to B is v r^T X, whose rows lie in S. This asymmetry, features moved for ID inputs and frozen
for the others, is the mechanism behind the whole paper.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.statements.evidence import Evidence
from theory.statements.premises import always
from theory.statements.statement import INTEGRATION_ERROR, Setting, Statement
from theory.subspaces import off_projection


def movement_off_subspace(evidence: Evidence) -> Float[Array, ""]:
    """Largest `||(B(t) - B0) P_perp||_F` over the path, relative to the features and their movement."""
    movement = evidence.fine_tuning.features - evidence.problem.pretrained.features
    outside = jax.vmap(lambda moved: off_projection(evidence.problem.id_frame, moved.T))(movement)
    size = 1 + jnp.max(jnp.linalg.norm(movement, axis=(1, 2)))
    return jnp.max(jnp.linalg.norm(outside, axis=(1, 2))) / size


STATEMENT = Statement(
    name="frozen_features",
    order=10,
    source="submission, Lemma on the gradient of B (proof of Theorem 3.1)",
    claim="Fine-tuning leaves the features of inputs orthogonal to the ID subspace as they were.",
    latex=r"B(t) P_\perp = B_0 P_\perp \quad \text{for all } t",
    premises="none",
    premises_hold=always,
    smaller=movement_off_subspace,
    larger=lambda evidence: jnp.asarray(INTEGRATION_ERROR),
    settings=(Setting.RAW_PARAMETERS,),
    published=True,
    proof="docs/theory.md#the-fine-tuning-flow",
)
