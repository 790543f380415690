"""The fine-tuning flow: its vector field in full and in reduced coordinates, and what it conserves.

`dv/dt = -2 B X^T r, dB/dt = -2 v r^T X, r = X B^T v - Y`. Source: submission, section 3.1,
equation 3.2; docs/theory.md.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.networks import LinearNetwork
from theory.problem import Problem
from theory.reduction import FlowState, ReducedProblem, covariance_product, id_error

#: Of a quantity's size, in units of the last place, is taken for rounding where it decides between saddle and solution.
ROUNDING = 4
#: The largest eigenvalue of the conserved form counts as positive above this multiple of its terms: products and a
#: decomposition leave 1e-16 where 0 is right.
POSITIVE_RTOL = 1e-14


def raw_vector_field(network: LinearNetwork, problem: Problem) -> LinearNetwork:
    """Time derivative of (v, B), in all k + k d numbers: the definition, against which the reduction is tested."""
    error = problem.id_frame.T @ (network.weights - problem.truth.weights)
    gradient = 2 * problem.id_frame @ (problem.training_covariance @ error)
    return LinearNetwork(head=-network.features @ gradient, features=-jnp.outer(network.head, gradient))


def vector_field(state: FlowState, reduced: ReducedProblem) -> FlowState:
    """Time derivative of (v, A): `dv/dt = A q, dA/dt = v q^T, q = -2 C (A^T v - u)`."""
    drive = boost_direction(state, reduced)
    return FlowState(head=state.id_features @ drive, id_features=jnp.outer(state.head, drive))


def boost_direction(state: FlowState, reduced: ReducedProblem) -> Float[Array, " m"]:
    """q = 2 C F^T (w* - w): minus the gradient of the training loss with respect to the ID weights."""
    return -2 * covariance_product(reduced, id_error(state, reduced))


def conserved_form(state: FlowState) -> Float[Array, "r r"]:
    """Lambda = v v^T - A A^T, constant under fine-tuning for every training covariance.

    Equivalent to the paper's constant v v^T - B B^T, since B does not change off the ID subspace.
    """
    return jnp.outer(state.head, state.head) - state.id_features @ state.id_features.T


def squared_size(state: FlowState) -> Float[Array, ""]:
    """`|v|^2 + |A|^2`: of the two terms that cancel in `conserved_form`."""
    return jnp.sum(state.head**2) + jnp.sum(state.id_features**2)


def beyond_rounding(first: Float[Array, "*r"], second: Float[Array, "*r"]) -> Float[Array, "*r"]:
    """The sum; zero where rounding of the two is all that it is, which must not push a start off a saddle's path."""
    length = jnp.linalg.norm(jnp.ravel(first)) + jnp.linalg.norm(jnp.ravel(second))
    total = first + second
    return jnp.where(jnp.max(jnp.abs(total)) > ROUNDING * jnp.finfo(total.dtype).eps * length, total, 0.0)


def guaranteed_decay(start: FlowState, reduced: ReducedProblem) -> Float[Array, ""]:
    """A rate at which the training loss decays from this start, at least: loss(t) <= loss(0) exp(-rate t).

    4 mu lam, with mu the smallest eigenvalue of C and lam the largest of the conserved form, below which |v|^2 cannot
    fall. 0 where lam is not positive: then nothing is promised, and the flow may run into a saddle. Source:
    docs/theory.md, section "Fine-tuning fits the training data".
    """
    covariance = reduced.training_covariance
    smallest = jnp.min(covariance) if covariance.ndim == 1 else jnp.linalg.eigvalsh(covariance)[0]
    largest = jnp.linalg.eigvalsh(conserved_form(start))[-1]
    return 4 * smallest * jnp.where(largest > POSITIVE_RTOL * squared_size(start), largest, 0.0)


def relative_drift(state: FlowState, start: FlowState) -> Float[Array, ""]:
    """How far `conserved_form` has moved, relative to the size of its two terms; an error monitor for integrators."""
    change = jnp.linalg.norm(conserved_form(state) - conserved_form(start))
    scale = squared_size(state) + squared_size(start)
    return change / jnp.where(scale > 0, scale, 1.0)
