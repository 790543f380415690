"""Fine-tuning conserves v v^T - B B^T.

Head and features grow together; a head that must grow drags the features along.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.networks import LinearNetwork
from theory.statements.evidence import Evidence
from theory.statements.premises import always
from theory.statements.statement import INTEGRATION_ERROR, Setting, Statement


def balance(network: LinearNetwork) -> Float[Array, "k k"]:
    """v v^T - B B^T."""
    return jnp.outer(network.head, network.head) - network.features @ network.features.T


def imbalance_drift(evidence: Evidence) -> Float[Array, ""]:
    """Largest change of `balance` over the path, relative to the size of its two terms."""
    along = jax.vmap(balance)(evidence.fine_tuning)
    drift = jnp.max(jnp.linalg.norm(along - balance(evidence.problem.pretrained), axis=(1, 2)))
    head, features = evidence.fine_tuning.head, evidence.fine_tuning.features
    return drift / jnp.max(jnp.sum(head**2, axis=1) + jnp.sum(features**2, axis=(1, 2)))


STATEMENT = Statement(
    name="balancedness",
    order=20,
    source="submission, Lemma on the conserved quantity (proof of Theorem 3.1)",
    claim="The matrix v v^T - B B^T of head v and features B is the same at all times of fine-tuning.",
    latex=r"v(t) v(t)^\top - B(t) B(t)^\top = v_0 v_0^\top - B_0 B_0^\top \quad \text{for all } t",
    premises="none",
    premises_hold=always,
    smaller=imbalance_drift,
    larger=lambda evidence: jnp.asarray(INTEGRATION_ERROR),
    settings=(Setting.RAW_PARAMETERS, Setting.ONE_ID_DIRECTION),
    published=True,
    proof="docs/theory.md#the-fine-tuning-flow",
)
