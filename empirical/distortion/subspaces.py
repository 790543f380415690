"""Where OOD data lies, seen from ID data: spans, angles between them, and what is left outside."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32
from scipy.linalg import subspace_angles

#: Share of the energy that a span carries. The theory's data lie in their subspace; real ones never quite do.
ENERGY = 0.99


class Span(NamedTuple):
    """The mean of a set and a frame of the principal subspace that carries 99 % of its energy about that mean."""

    mean: Float[np.ndarray, " d"]
    frame: Float[np.ndarray, "d m"]


def principal_angles(
    left: Float32[np.ndarray, "n k"], right: Float32[np.ndarray, "p k"], *, dim: int
) -> Float[np.ndarray, " dim"]:
    """Angles in radians, largest first, between the leading principal subspaces of two sets of features.

    With ID features left and OOD features right, the theory's angle between the two subspaces as features see it.

    Args:
      dim: of both subspaces.
    Raises:
      ValueError: a set spans fewer than `dim` directions.
    """
    spanned = min(len(left) - 1, len(right) - 1, left.shape[1])
    if not 1 <= dim <= spanned:
        raise ValueError(f"`dim` must lie in 1 .. {spanned}, the directions that both sets span, got {dim}.")
    frames = [_principal_axes(features)[1][:, :dim] for features in (left, right)]
    return subspace_angles(*frames)


def principal_span(data: Float32[np.ndarray, "n d"]) -> Span:
    """The span of a set, its mean apart: the theory's ID subspace, for data that never quite lie in one."""
    energies, axes = _principal_axes(data)
    dim = int(np.searchsorted(np.cumsum(energies) / np.sum(energies), ENERGY)) + 1
    return Span(data.mean(0, dtype=np.float64), axes[:, :dim])


def energy_outside(data: Float32[np.ndarray, "n d"], span: Span) -> float:
    """Share in [0, 1] of the data's squared distance from the span's mean that leaves the span."""
    centred = data - span.mean
    return float(1 - np.sum((centred @ span.frame) ** 2) / np.sum(centred**2))


def paired_distance(id_features: Float32[np.ndarray, "n k"], ood_features: Float32[np.ndarray, "n k"]) -> float:
    """Root mean squared difference between two looks of the same images, over the spread of the first."""
    spread = np.mean((id_features - id_features.mean(0)) ** 2, dtype=np.float64)
    return float(np.sqrt(np.mean((ood_features - id_features) ** 2, dtype=np.float64) / spread))


def _principal_axes(data: Float32[np.ndarray, "n d"]) -> tuple[Float[np.ndarray, " r"], Float[np.ndarray, "d r"]]:
    """Energies about the mean, largest first, and their axes; through the smaller of the two products of the data.

    Pictures have four times more pixels than there are pictures; features are mostly fewer than their examples. Axes
    of an energy that is rounding noise are left out: from the product over examples they would not be orthogonal.
    """
    centred = data.astype(np.float64) - data.mean(0, dtype=np.float64)
    few = len(centred) < centred.shape[1]
    energies, vectors = np.linalg.eigh(centred @ centred.T if few else centred.T @ centred)
    energies, vectors = energies[::-1], vectors[:, ::-1]
    if not few:
        return np.maximum(energies, 0), vectors
    kept = energies > energies[0] * len(centred) * np.finfo(np.float64).eps
    return energies[kept], centred.T @ (vectors[:, kept] / np.sqrt(energies[kept]))
