"""Trajectory: what a method did over time, measured on the exact population risks, and how it was solved."""

import dataclasses
from pathlib import Path
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from artifacts import UserError
from artifacts.arrays import read_archive
from theory import reduction
from theory.fine_tuning.flow import relative_drift
from theory.problem import Problem
from theory.reduction import FlowState, ReducedProblem

#: v v^T - A A^T, the features, or the head.
Conserved = Literal["balance", "features", "head"]


class Measurement(eqx.Module):
    """What is read off the state at one time; the fields are those of `Trajectory`."""

    head: Float[Array, " k"]
    id_risk: Float[Array, ""]
    ood_risk: Float[Array, ""]
    training_loss: Float[Array, ""]
    id_feature_movement: Float[Array, ""]
    ood_feature_movement: Float[Array, ""]
    conserved_drift: Float[Array, ""]


class Trajectory(eqx.Module):
    """A method over time. Time is learning rate x steps, 0 and infinity included; risks are expected squared errors.

    Attributes:
      times: as they were asked for.
      heads: v(t), in the coordinates of the problem.
      training_loss: `||X B^T v - Y||^2`, summed over the examples.
      id_feature_movement: root mean square of |B(t) x - B(0) x| over ID inputs, per root mean square of |x|.
      ood_feature_movement: the same over OOD inputs.
      conserved_drift: relative drift of what the method conserves: v v^T - A A^T in fine-tuning, the features in linear
        probing, the head in features-only tuning. An error monitor: zero for an exact solver.
      solved_by: `exact: linear probing`, `exact: features only`, `exact: one ID direction`, `exact: one active unit` or
        `integrated`; for LP-FT preceded by `exact: linear probing, then`.
    """

    times: Float[Array | np.ndarray, " t"]
    heads: Float[Array | np.ndarray, "t k"]
    id_risk: Float[Array | np.ndarray, " t"]
    ood_risk: Float[Array | np.ndarray, " t"]
    training_loss: Float[Array | np.ndarray, " t"]
    id_feature_movement: Float[Array | np.ndarray, " t"]
    ood_feature_movement: Float[Array | np.ndarray, " t"]
    conserved_drift: Float[Array | np.ndarray, " t"]
    solved_by: str = eqx.field(static=True)

    def __repr__(self) -> str:
        if not all(isinstance(value, np.ndarray | jax.Array) for value in (self.times, self.id_risk, self.ood_risk)):
            return f"Trajectory({self.solved_by}, traced)"
        if np.ndim(self.id_risk) > 1:
            return f"Trajectory({self.solved_by}, {len(self.id_risk)} problems at {self.times.shape[-1]} times)"
        spans = [f"{name} {_span(risk)}" for name, risk in (("ID risk", self.id_risk), ("OOD risk", self.ood_risk))]
        return f"Trajectory({self.solved_by}, {len(self.times)} times {_span(self.times)}: {', '.join(spans)})"

    def save(self, path: Path | str) -> None:
        """Write a `.npz` file without pickled objects; its folder is made where there is none."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            arrays: dict[str, Any] = {name: np.asarray(value) for name, value in vars(self).items()}
            np.savez(stream, **arrays)

    @classmethod
    def load(cls, path: Path | str) -> "Trajectory":
        """Read what `save` wrote; nothing in the file is executed.

        Raises:
          UserError: the file is no trajectory.
        """
        values = read_archive(Path(path), "`Trajectory.save` writes such files")
        names = [field.name for field in dataclasses.fields(cls)]
        if sorted(values) != sorted(names):
            raise UserError(f"{path} must hold a trajectory ({', '.join(names)}), got {', '.join(sorted(values))}.")
        return cls(**{**values, "solved_by": str(values["solved_by"])})


def _span(values: Float[Array | np.ndarray, " t"]) -> str:
    """The first and the last of them; tracers have neither."""
    first, last = values[0], values[-1]
    if isinstance(first, Tracer):
        return "traced"
    return f"{float(first):.3g} to {float(last):.3g}"


class Observer(eqx.Module):
    """Reads a `Measurement` off the state of a method that started at `start`.

    The mean squared lengths of inputs cannot be had from the reduced problem, which has forgotten the directions that
    neither features nor truth can see.
    """

    reduced: ReducedProblem
    start: FlowState
    id_scale: Float[Array, ""]
    ood_scale: Float[Array, ""]
    isotropic_id_inputs: bool = eqx.field(static=True)
    conserved: Conserved = eqx.field(static=True)

    @classmethod
    def of(cls, problem: Problem, reduced: ReducedProblem, *, conserved: Conserved = "balance") -> "Observer":
        """An observer of a method that starts where the reduced problem does, and conserves this.

        Args:
          conserved: which conserved quantity of the flow its drift is measured of.
        """
        id_moment, ood_moment = problem.id_covariance, problem.ood_covariance
        return cls(
            reduced=reduced,
            start=reduced.start,
            id_scale=jnp.sqrt(float(problem.id_dim) if id_moment is None else jnp.trace(id_moment)),
            ood_scale=jnp.sqrt(float(problem.input_dim) if ood_moment is None else jnp.trace(ood_moment)),
            isotropic_id_inputs=id_moment is None,
            conserved=conserved,
        )

    def __call__(self, state: FlowState) -> Measurement:
        """What the state says."""
        reduced, movement = self.reduced, state.id_features - self.start.id_features
        m = movement.shape[1]
        seen_by_id = movement if self.isotropic_id_inputs else movement @ reduced.id_root.T
        seen_by_ood = movement if reduced.ood_root is None else movement @ reduced.ood_root[:, :m].T
        return Measurement(
            head=reduced.lift @ state.head,
            id_risk=reduction.id_risk(state, reduced),
            ood_risk=reduction.ood_risk(state, reduced),
            training_loss=reduction.training_loss(state, reduced),
            id_feature_movement=jnp.linalg.norm(seen_by_id) / self.id_scale,
            ood_feature_movement=jnp.linalg.norm(seen_by_ood) / self.ood_scale,
            conserved_drift=DRIFTS[self.conserved](state, self.start),
        )


def _features_drift(state: FlowState, start: FlowState) -> Float[Array, ""]:
    """Relative change of the ID features, which linear probing conserves."""
    return _relative_change(state.id_features, start.id_features)


def _head_drift(state: FlowState, start: FlowState) -> Float[Array, ""]:
    """Relative change of the head, which features-only tuning conserves."""
    return _relative_change(state.head, start.head)


def _relative_change(now: Float[Array, "*shape"], before: Float[Array, "*shape"]) -> Float[Array, ""]:
    scale = jnp.linalg.norm(before)
    return jnp.linalg.norm(now - before) / jnp.where(scale > 0, scale, 1.0)


DRIFTS = {"balance": relative_drift, "features": _features_drift, "head": _head_drift}
