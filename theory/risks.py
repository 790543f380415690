"""Population risks, exact and never sampled. The loss convention of the whole project is stated here, once.

Risks are expected squared errors `(w - w*)^T Sigma (w - w*)` with w = B^T v: no 1/2. The training loss is the sum over
the examples, `||X B^T v - Y||^2`: no 1/2, no 1/n. Any other scale of the loss is a change of time.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.compiled import compiled
from theory.networks import LinearNetwork
from theory.problem import Problem


@compiled
def ood_risk(network: LinearNetwork, problem: Problem) -> Float[Array, ""]:
    """Expected squared error under the OOD distribution.

    With `ood_covariance=None` it is the worst case over the unit ball, `|w - w*|^2`.
    Source: submission, equation 3.1.
    """
    error = _error(network, problem)
    return error @ error if problem.ood_covariance is None else error @ problem.ood_covariance @ error


@compiled
def id_risk(network: LinearNetwork, problem: Problem) -> Float[Array, ""]:
    """Expected squared error under the ID distribution, which lives on the ID subspace."""
    error = problem.id_frame.T @ _error(network, problem)
    return error @ error if problem.id_covariance is None else error @ problem.id_covariance @ error


@compiled
def id_subspace_risk(network: LinearNetwork, problem: Problem) -> Float[Array, ""]:
    """Worst-case squared error over the unit ball of the ID subspace: `|P (w - w*)|^2`.

    It is the ID risk of Gaussian inputs N(0, F F^T) on the subspace, and for any other second moment there
    `smallest * id_subspace_risk <= id_risk <= largest * id_subspace_risk` with its extreme eigenvalues. It is not the
    ID risk of inputs N(0, I) on R^d, whose training examples span a subspace in which test inputs do not stay: that is
    |w - w*|^2, the OOD risk. Source: submission, section 3.3.
    """
    error = problem.id_frame.T @ _error(network, problem)
    return error @ error


@compiled
def training_loss(network: LinearNetwork, problem: Problem) -> Float[Array, ""]:
    """`||X B^T v - Y||^2`, summed over the training examples."""
    error = problem.id_frame.T @ _error(network, problem)
    return error @ problem.training_covariance @ error


def ood_conditioning(problem: Problem) -> Float[Array, "2"]:
    """Smallest and largest eigenvalue of the OOD second moment; both 1 for the worst case over the unit ball.

    The sandwich `smallest |w - w*|^2 <= ood_risk <= largest |w - w*|^2` carries every bound on distances to risks.
    """
    if problem.ood_covariance is None:
        return jnp.ones(2, problem.id_frame.dtype)
    eigenvalues = jnp.linalg.eigvalsh(problem.ood_covariance)
    return jnp.stack([eigenvalues[0], eigenvalues[-1]])


def _error(network: LinearNetwork, problem: Problem) -> Float[Array, " d"]:
    if network.features.shape[1] != problem.input_dim:
        raise ValueError(
            f"`network.features` must have as many columns as the problem has inputs (d={problem.input_dim}), "
            f"got shape {network.features.shape}."
        )
    return network.weights - problem.truth.weights
