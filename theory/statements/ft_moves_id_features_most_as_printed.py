"""Fine-tuning changes the features of ID examples more than those of OOD examples: as a general claim, false.

The submission measures it on images and ascribes it to the theory. Features move on the ID subspace only, but along
which of its directions is for the labels to decide, and OOD inputs may have more of their length there.
"""

import jax.numpy as jnp

from theory.networks import LinearNetwork
from theory.problem import Problem
from theory.statements.ft_moves_id_features_most import movements
from theory.statements.premises import always
from theory.statements.statement import Counterexample, Setting, Statement


def ood_inputs_along_what_moves() -> Problem:
    """d = 4, k = 1, m = 2, perfect features: only the second axis moves, along which ID inputs are short."""
    features = jnp.array([[0.0, 0.6, 0.8, 0.0]])
    return Problem(
        truth=LinearNetwork(head=jnp.array([1.0]), features=features),
        pretrained=LinearNetwork(head=jnp.array([0.3]), features=features),
        id_frame=jnp.eye(4)[:, :2],
        training_covariance=jnp.eye(2),
        id_covariance=jnp.diag(jnp.array([1.0, 0.01])),
        ood_covariance=jnp.diag(jnp.array([0.01, 1.0, 0.01, 0.01])),
    )


STATEMENT = Statement(
    name="ft_moves_id_features_most_as_printed",
    order=113,
    source="submission, section 4.3, as a general claim",
    claim="Fine-tuning changes features for ID examples more than for OOD examples.",
    latex=(
        r"\frac{E_{ood} |(B(t) - B_0) x|^2}{E_{ood} |x|^2} \le \frac{E_{id} |(B(t) - B_0) x|^2}{E_{id} |x|^2}"
        r" \quad \text{for all } t"
    ),
    premises="none",
    premises_hold=always,
    smaller=lambda evidence: movements(evidence)[0],
    larger=lambda evidence: movements(evidence)[1],
    settings=(Setting.MANY_FEATURES,),
    published=True,
    counterexamples=(
        Counterexample(
            "OOD inputs along what moves", "ID features move a tenth as much as OOD ones", ood_inputs_along_what_moves
        ),
    ),
)
