"""The lower bound of fine-tuning with phi and eps read to the letter.

Theorem 3.1 of the submission defines `phi^2 = (v0^T v*)^2 - (v*^T v*)^2`, without an absolute value, and
`eps = min_U ||B0 - U B*||_2^2`, squared, though section 3.1 has eps without the square. `published_lower_bound` reads
phi with an absolute value and eps without the square.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.alignment import aligned_truth, feature_error, truth_norm
from theory.bounds.fine_tuning import explicit_head_term
from theory.compiled import compiled_and_checked
from theory.problem import Problem
from theory.risks import ood_conditioning
from theory.subspaces import off_subspace_cosine


@compiled_and_checked
def printed_lower_bound(problem: Problem) -> Float[Array, ""]:
    """`c / sqrt(k) min(phi, phi^2 / W) / (1 + W)^2 - eps^2`, with phi = 0 where phi^2 as printed is negative.

    Source: submission, Theorem 3.1, equation 3.7.
    """
    start, truth = problem.pretrained.head, aligned_truth(problem).head
    overlap, squared_norm = jnp.abs(start @ truth), jnp.sum(problem.truth.head**2)
    positive = overlap > squared_norm
    squared = jnp.where(positive, (overlap - squared_norm) * (overlap + squared_norm), 1.0)
    head_term = jnp.where(positive, explicit_head_term(jnp.sqrt(squared), truth_norm(problem)), 0.0)
    cosine = off_subspace_cosine(problem.pretrained.features, problem.id_frame)
    scale = jnp.sqrt(ood_conditioning(problem)[0])
    return scale * (cosine / jnp.sqrt(problem.feature_dim) * head_term - feature_error(problem) ** 2)
