"""The exact reduction: every flow of a problem, in O(k m) numbers that do not depend on n and d.

Features outside the ID subspace never change, so only the head v and the ID features A = B F move. In an eigenbasis of
the training covariance, and after a QR of [v, A] where k > m + 1, the state is r (m + 1) numbers, r = min(k, m + 1),
and ID and OOD risk follow from them. Linear probing, fine-tuning and LP-FT all stay in this space. Source:
docs/theory.md, section "The exact reduction".
"""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.compiled import compiled
from theory.networks import LinearNetwork
from theory.problem import Problem
from theory.subspaces import off_projection

#: Problems with at most this many inputs keep plain coordinates: there is nothing to save, and every quantity stays
#: differentiable. The decompositions behind the compressed coordinates are not, where eigenvalues repeat (isotropic
#: covariance) or columns are dependent (eps = 0).
COMPRESSED_ABOVE = 64


class FlowState(eqx.Module):
    """What moves during training: the head, and the features restricted to the ID subspace, `A = B F`."""

    head: Float[Array, " r"]
    id_features: Float[Array, "r m"]


class ReducedProblem(eqx.Module):
    """A problem in the coordinates of its flow.

    Attributes:
      start: the state before training.
      training_covariance: C in these coordinates; only its diagonal where the coordinates are an eigenbasis.
      id_target: true weights on the ID subspace, u = F^T w*.
      off_features: the constant features outside the ID subspace, P_perp B^T, in an orthonormal basis.
      off_target: the true weights there, P_perp w*.
      id_root: R with R^T R the ID second moment.
      ood_root: R with R^T R the OOD second moment in the coordinates (ID, off); None for the identity.
      lift: orthonormal columns that carry reduced heads to heads of the problem.
      id_basis: the ID coordinates, as a frame of the ID subspace in R^d.
    """

    start: FlowState
    training_covariance: Float[Array, "m m"] | Float[Array, " m"]
    id_target: Float[Array, " m"]
    off_features: Float[Array, "p r"]
    off_target: Float[Array, " p"]
    id_root: Float[Array, "m m"]
    ood_root: Float[Array, "s m+p"] | None
    lift: Float[Array, "k r"]
    id_basis: Float[Array, "d m"]

    def with_head(self, head: Float[Array, " r"]) -> "ReducedProblem":
        """The same problem, training from another (reduced) head."""
        return eqx.tree_at(lambda reduced: reduced.start.head, self, head)


def reduce(problem: Problem, *, compress: bool | None = None) -> ReducedProblem:
    """A problem in the coordinates of its flow.

    Args:
      compress: eigenbasis of the training covariance and QR of what is left, so that nothing of size d or k (when
        k > m + 1) remains in a loop. By default for d > `COMPRESSED_ABOVE`; then do not differentiate through it.
    """
    return _reduced(problem, problem.input_dim > COMPRESSED_ABOVE if compress is None else compress)


@partial(jax.jit, static_argnames="compress")
def _reduced(problem: Problem, compress: bool) -> ReducedProblem:
    features, target = problem.pretrained.features, problem.truth.weights
    k, m, d = problem.feature_dim, problem.id_dim, problem.input_dim
    covariance, rotation, lift = problem.training_covariance, jnp.eye(m), jnp.eye(k)
    basis = problem.id_frame
    if compress and problem.diagonal_covariance:
        covariance = jnp.diagonal(covariance)
    elif compress:
        covariance, rotation = jnp.linalg.eigh(covariance)
        basis = basis @ rotation
    head, id_features = problem.pretrained.head, features @ basis
    if compress and k > m + 1:
        lift, moving = jnp.linalg.qr(jnp.concatenate([head[:, None], id_features], axis=1))
        head, id_features = moving[:, 0], moving[:, 1:]
    off = off_projection(problem.id_frame, jnp.concatenate([features.T @ lift, target[:, None]], axis=1))
    off_basis = jnp.eye(d)
    if compress:
        # Where the columns of `off` are dependent, QR adds arbitrary directions; the coordinates on them vanish.
        off_basis, off = jnp.linalg.qr(off)
    return ReducedProblem(
        start=FlowState(head=head, id_features=id_features),
        training_covariance=covariance,
        id_target=basis.T @ target,
        off_features=off[:, :-1],
        off_target=off[:, -1],
        id_root=rotation if problem.id_covariance is None else jnp.linalg.cholesky(problem.id_covariance).T @ rotation,
        ood_root=_ood_root(problem, jnp.concatenate([basis, off_basis], axis=1)),
        lift=lift,
        id_basis=basis,
    )


def _ood_root(problem: Problem, frame: Float[Array, "d q"]) -> Float[Array, "s q"] | None:
    if problem.ood_covariance is None:
        return None
    root = jnp.linalg.cholesky(problem.ood_covariance).T @ frame
    return root if root.shape[0] <= root.shape[1] else jnp.linalg.qr(root, mode="r")


@compiled
def network_at(state: FlowState, reduced: ReducedProblem, problem: Problem) -> LinearNetwork:
    """The whole network of the original problem in this state: moved on the ID subspace, pretrained off it."""
    basis, features = reduced.id_basis, problem.pretrained.features
    movement = reduced.lift @ state.id_features - features @ basis
    return LinearNetwork(head=reduced.lift @ state.head, features=features + movement @ basis.T)


def covariance_product(reduced: ReducedProblem, vector: Float[Array, " m"]) -> Float[Array, " m"]:
    """C times a vector of ID coordinates."""
    covariance = reduced.training_covariance
    return covariance * vector if covariance.ndim == 1 else covariance @ vector


def id_error(state: FlowState, reduced: ReducedProblem) -> Float[Array, " m"]:
    """F^T (w - w*)."""
    return state.id_features.T @ state.head - reduced.id_target


def off_error(state: FlowState, reduced: ReducedProblem) -> Float[Array, " p"]:
    """P_perp (w - w*)."""
    return reduced.off_features @ state.head - reduced.off_target


def training_loss(state: FlowState, reduced: ReducedProblem) -> Float[Array, ""]:
    """`theory.risks.training_loss`, in reduced coordinates."""
    error = id_error(state, reduced)
    return error @ covariance_product(reduced, error)


def id_risk(state: FlowState, reduced: ReducedProblem) -> Float[Array, ""]:
    """`theory.risks.id_risk`, in reduced coordinates."""
    return jnp.sum((reduced.id_root @ id_error(state, reduced)) ** 2)


def ood_risk(state: FlowState, reduced: ReducedProblem) -> Float[Array, ""]:
    """`theory.risks.ood_risk`, in reduced coordinates."""
    error = jnp.concatenate([id_error(state, reduced), off_error(state, reduced)])
    return jnp.sum((error if reduced.ood_root is None else reduced.ood_root @ error) ** 2)


def squared_distance(state: FlowState, reduced: ReducedProblem) -> Float[Array, ""]:
    """D^2 = |w - w*|^2, the distance that the bounds speak of."""
    return jnp.sum(id_error(state, reduced) ** 2) + jnp.sum(off_error(state, reduced) ** 2)
