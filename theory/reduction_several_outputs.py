"""The exact reduction for several outputs and any labels: squared loss of `f(x) = V^T B x` in an eigenbasis.

Features outside the span of the training inputs never change, so the head V and the ID features A = B F move alone.
Labels enter through their least-squares fit U on the inputs: what no linear map explains has no gradient. In an
eigenbasis of C the loss is `tr (A^T V - U)^T C (A^T V - U)` up to a constant, and with `Q = -2 C (A^T V - U)`

    dV/dt = A Q,   dA/dt = V Q^T,   V V^T - A A^T constant.

Source: docs/theory.md, section "The exact reduction"; no counterpart in the paper.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Scalar

from theory.row_space import RowSpace


class OutputsState(eqx.Module):
    """What moves during training: a head of q outputs, and the features restricted to the ID subspace."""

    head: Float[Array, "k q"]
    id_features: Float[Array, "k m"]


class ReducedOutputs(eqx.Module):
    """Training of several outputs in the coordinates of its flow.

    Attributes:
      start: the state before training.
      eigenvalues: C, summed over the examples, in the basis in which it is diagonal.
      id_target: U, the least-squares fit of the labels on the ID subspace.
      off_features: what stays of the features, B0 P_perp.
      id_basis: the ID coordinates, as a frame of the ID subspace.
    """

    start: OutputsState
    eigenvalues: Float[Array, " m"]
    id_target: Float[Array, "m q"]
    off_features: Float[Array, "k d"]
    id_basis: Float[Array, "d m"]

    def with_head(self, head: Float[Array, "k q"]) -> "ReducedOutputs":
        """The same, training from another head."""
        return eqx.tree_at(lambda reduced: reduced.start.head, self, head)

    def padded(self, coordinates: int) -> "ReducedOutputs":
        """The same flow with coordinates that no input has, so that problems on S of any dimension share programs.

        Their eigenvalues and all else of them are 0, and stay so.

        Raises:
          ValueError: there are more coordinates already.
        """
        more = coordinates - len(self.eigenvalues)
        if more < 0:
            raise ValueError(f"`coordinates` must be at least {len(self.eigenvalues)}, got {coordinates}.")

        def columns(matrix: Float[Array, "n m"]) -> Float[Array, "n c"]:
            return jnp.pad(matrix, ((0, 0), (0, more)))

        return ReducedOutputs(
            start=OutputsState(head=self.start.head, id_features=columns(self.start.id_features)),
            eigenvalues=jnp.pad(self.eigenvalues, (0, more)),
            id_target=jnp.pad(self.id_target, ((0, more), (0, 0))),
            off_features=self.off_features,
            id_basis=columns(self.id_basis),
        )


def reduce_outputs(
    head: Float[Array, "k q"],
    features: Float[Array, "k d"],
    span: RowSpace,
    moment: Float[Array, "d q"],
) -> ReducedOutputs:
    """Training in the coordinates of its flow.

    Args:
      head, features: V0 and B0.
      span: of the training inputs X, as `theory.row_space.row_space` gives it.
      moment: X^T Y. Labels of any kind: one-hot classes, noise.
    """
    basis, eigenvalues = jnp.asarray(span.rows.T), jnp.asarray(span.squares)
    id_features = features @ basis
    return ReducedOutputs(
        start=OutputsState(head=head, id_features=id_features),
        eigenvalues=eigenvalues,
        id_target=(basis.T @ moment) / eigenvalues[:, None],
        off_features=features - id_features @ basis.T,
        id_basis=basis,
    )


def drive(state: OutputsState, reduced: ReducedOutputs) -> Float[Array, "m q"]:
    """Q: minus the gradient of the loss with respect to the ID weights."""
    error = state.id_features.T @ state.head - reduced.id_target
    return -2 * reduced.eigenvalues[:, None] * error


def outputs_vector_field(state: OutputsState, reduced: ReducedOutputs) -> OutputsState:
    """Time derivative of (V, A)."""
    along = drive(state, reduced)
    return OutputsState(head=state.id_features @ along, id_features=state.head @ along.T)


def probed_state(reduced: ReducedOutputs, time: Scalar) -> OutputsState:
    """Linear probing at a finite time from 0, exactly: `V(t) = V0 + G^-1 (1 - exp(-2 G t)) A C (U - A^T V0)`.

    G = A C A^T; directions that no ID input sees keep their start.
    """
    start = reduced.start
    weighted = start.id_features * reduced.eigenvalues
    rates, axes = jnp.linalg.eigh(weighted @ start.id_features.T)
    positive = rates > 0
    gain = jnp.where(positive, -jnp.expm1(-2 * rates * time) / jnp.where(positive, rates, 1.0), 2 * time)
    pull = weighted @ (reduced.id_target - start.id_features.T @ start.head)
    return OutputsState(head=start.head + axes @ (gain[:, None] * (axes.T @ pull)), id_features=start.id_features)


def features_at(state: OutputsState, reduced: ReducedOutputs) -> Float[Array, "k d"]:
    """B in the coordinates of the inputs: moved on the ID subspace, pretrained off it."""
    return state.id_features @ reduced.id_basis.T + reduced.off_features


def outputs_conserved_form(state: OutputsState) -> Float[Array, "k k"]:
    """V V^T - A A^T, which fine-tuning keeps."""
    return state.head @ state.head.T - state.id_features @ state.id_features.T
