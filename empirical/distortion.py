"""How far features move in training, and how far OOD data lies from ID data: the theory's questions, measured."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32
from scipy.linalg import subspace_angles


class FeatureMovement(NamedTuple):
    """Distance between features before and after training, on one set.

    `mean_squared` is what the paper's code reports under the name Euclidean distance: the squared difference,
    averaged over examples and coordinates. `euclidean` is the mean norm of the difference, `cosine` the mean of one
    minus the cosine.
    """

    mean_squared: float
    euclidean: float
    cosine: float


class Span(NamedTuple):
    """The mean of a set and a frame of the principal subspace that carries 99 % of its energy about that mean."""

    mean: Float[np.ndarray, " d"]
    frame: Float[np.ndarray, "d m"]


ENERGY = 0.99


def feature_movement(before: Float32[np.ndarray, "n k"], after: Float32[np.ndarray, "n k"]) -> FeatureMovement:
    """Movement of the features of one set, all three measures in double precision."""
    old, new = before.astype(np.float64), after.astype(np.float64)
    norms = np.linalg.norm(old, axis=1) * np.linalg.norm(new, axis=1)
    cosines = np.sum(old * new, axis=1) / np.maximum(norms, np.finfo(np.float64).tiny)
    return FeatureMovement(
        mean_squared=float(np.mean((new - old) ** 2)),
        euclidean=float(np.mean(np.linalg.norm(new - old, axis=1))),
        cosine=float(np.mean(np.where(norms > 0, 1 - cosines, 0.0))),
    )


def principal_angles(
    left: Float32[np.ndarray, "n k"], right: Float32[np.ndarray, "p k"], *, dim: int
) -> Float[np.ndarray, " dim"]:
    """Angles in radians, largest first, between the leading principal subspaces of two sets of features."""
    frames = [_principal_frame(features)[:, :dim] for features in (left, right)]
    return subspace_angles(*frames)


def principal_span(data: Float32[np.ndarray, "n d"]) -> Span:
    """The span of a set, its mean apart. The theory's ID subspace, for data that never quite lie in one."""
    mean = data.mean(0, dtype=np.float64)
    centred = data - mean
    # Through the n x n Gram matrix: pictures have four times more pixels than there are pictures.
    values, vectors = np.linalg.eigh(centred @ centred.T)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    dim = int(np.searchsorted(np.cumsum(values) / np.sum(values), ENERGY)) + 1
    return Span(mean, centred.T @ (vectors[:, :dim] / np.sqrt(values[:dim])))


def energy_outside(data: Float32[np.ndarray, "n d"], span: Span) -> float:
    """Share in [0, 1] of the data's squared distance from the span's mean that leaves the span."""
    centred = data - span.mean
    return float(1 - np.sum((centred @ span.frame) ** 2) / np.sum(centred**2))


def paired_distance(id_features: Float32[np.ndarray, "n k"], ood_features: Float32[np.ndarray, "n k"]) -> float:
    """Root mean squared difference between two looks of the same images, over the spread of the first."""
    spread = np.mean((id_features - id_features.mean(0)) ** 2, dtype=np.float64)
    return float(np.sqrt(np.mean((ood_features - id_features) ** 2, dtype=np.float64) / spread))


def _principal_frame(features: Float32[np.ndarray, "n k"]) -> Float[np.ndarray, "k k"]:
    centred = features.astype(np.float64) - features.mean(0, dtype=np.float64)
    return np.linalg.eigh(centred.T @ centred)[1][:, ::-1]
