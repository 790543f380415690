"""Upper bound on the OOD risk of linear probing."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Scalar

from theory.alignment import feature_error, truth_norm
from theory.compiled import compiled_and_checked
from theory.problem import Problem
from theory.risks import ood_conditioning
from theory.subspaces import NO_ANGLE, on_subspace_cosine


def condition_number(problem: Problem) -> Float[Array, ""]:
    """kappa = L / mu of the training covariance, at least 1."""
    eigenvalues = jnp.linalg.eigvalsh(problem.training_covariance)
    return eigenvalues[-1] / eigenvalues[0]


@compiled_and_checked
def linear_probing_upper_bound(problem: Problem) -> Float[Array, ""]:
    """Upper bound on sqrt(OOD risk) of the linear-probing limit: `eps W (1 + sqrt(kappa) / c_S)`.

    c_S is the `on_subspace_cosine`; infinite where it is 0 (some feature is invisible on ID inputs, k > m included).
    Carried from distances to risks by the largest eigenvalue of the OOD second moment. Source: docs/theory.md, section
    "The linear-probing upper bound".
    """
    visible = on_subspace_cosine(problem.pretrained.features, problem.id_frame)
    error = feature_error(problem) * truth_norm(problem)
    bound = linear_probing_distance_bound(error, visible, jnp.sqrt(condition_number(problem)))
    return jnp.sqrt(ood_conditioning(problem)[1]) * bound


def linear_probing_distance_bound(error: Scalar, on_cosine: Scalar, root_condition: Scalar) -> Float[Array, ""]:
    """`eps W (1 + sqrt(kappa) / c_S)`: the bound on `|w_LP - w*|`, from its numbers.

    Holds for several outputs in operator norms. Infinite where c_S is 0.

    Args:
      error: eps W.
      on_cosine: c_S.
      root_condition: sqrt(kappa).
    """
    seen = on_cosine > NO_ANGLE
    amplification = root_condition / jnp.where(seen, on_cosine, 1.0)
    return jnp.where(seen, error * (1 + amplification), jnp.inf)
