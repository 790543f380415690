"""Upper bound on the OOD risk of linear probing."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.alignment import feature_error, truth_norm
from theory.problem import Problem
from theory.risks import ood_conditioning
from theory.subspaces import NO_ANGLE, on_subspace_cosine


def condition_number(problem: Problem) -> Float[Array, ""]:
    """kappa = L / mu of the training covariance, at least 1."""
    eigenvalues = jnp.linalg.eigvalsh(problem.training_covariance)
    return eigenvalues[-1] / eigenvalues[0]


def linear_probing_upper_bound(problem: Problem) -> Float[Array, ""]:
    """Upper bound on sqrt(OOD risk) of the linear-probing limit: `eps W (1 + sqrt(kappa) / c_S)`.

    c_S is the `on_subspace_cosine`; infinite where it is 0 (some feature is invisible on ID inputs, k > m included).
    Carried from distances to risks by the largest eigenvalue of the OOD second moment. Source: docs/theory.md, section
    "The linear-probing upper bound".
    """
    visible = on_subspace_cosine(problem.pretrained.features, problem.id_frame)
    seen = visible > NO_ANGLE
    amplification = jnp.sqrt(condition_number(problem)) / jnp.where(seen, visible, 1.0)
    error = feature_error(problem) * truth_norm(problem)
    bound = jnp.where(seen, error * (1 + amplification), jnp.inf)
    return jnp.sqrt(ood_conditioning(problem)[1]) * bound
