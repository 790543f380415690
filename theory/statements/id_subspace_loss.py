"""The ID-subspace loss against the ID loss of Gaussian inputs on the subspace.

For inputs x = F z with z ~ N(0, Sigma_id), `E (w.x - w*.x)^2 = (w - w*)^T F Sigma_id F^T (w - w*)`: between the
extreme eigenvalues of Sigma_id times the worst case over the unit ball of S, and equal to it for Sigma_id = I. Inputs
N(0, I) on R^d, from which section 3.3 draws training examples, have another ID loss: the OOD loss (`theory.risks`).
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.risks import id_subspace_risk
from theory.statements.evidence import Evidence, root_id_risks
from theory.statements.premises import always
from theory.statements.statement import Setting, Statement


def subspace_and_gaussian_losses(evidence: Evidence) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Roots of `smallest * id_subspace_risk` and of the ID risk, both in units of the largest eigenvalue.

    Both of fine-tuning, at the time at which the first exceeds the second most.
    """
    problem, networks = evidence.problem, evidence.fine_tuning
    moment = jnp.eye(problem.id_dim) if problem.id_covariance is None else problem.id_covariance
    smallest, largest = jnp.sqrt(jnp.linalg.eigvalsh(moment)[jnp.array([0, -1])])
    subspace = jnp.sqrt(jax.vmap(lambda network: id_subspace_risk(network, problem))(networks)) * smallest / largest
    gaussian = root_id_risks(networks, problem) / largest
    time = jnp.argmax(subspace - gaussian)
    return subspace[time], gaussian[time]


STATEMENT = Statement(
    name="id_subspace_loss",
    order=85,
    source="submission, section 3.3 (its appendix has the relation); the form is ours",
    claim="The ID-subspace loss is the ID loss of Gaussian inputs, up to a factor between their extreme variances.",
    latex=(
        r"\sigma_{\min}(\Sigma_{id}) L_{id:sub}(v, B) \le L_{id}(v, B) "
        r"\le \sigma_{\max}(\Sigma_{id}) L_{id:sub}(v, B)"
    ),
    premises="ID inputs N(0, F Sigma_id F^T)",
    premises_hold=always,
    smaller=lambda evidence: subspace_and_gaussian_losses(evidence)[0],
    larger=lambda evidence: subspace_and_gaussian_losses(evidence)[1],
    settings=(Setting.MANY_FEATURES, Setting.WIDE_SCALES),
    published=False,
    proof="docs/theory.md#in-distribution-on-a-subspace",
)
