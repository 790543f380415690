"""How far features move in training: the quantity that the paper's frozen-feature argument is about."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32


class FeatureMovement(NamedTuple):
    """Distance between features before and after training, on one set.

    Attributes:
      mean_squared: what the paper's code reports under the name Euclidean distance: the squared difference, averaged
        over examples and coordinates.
      euclidean: mean norm of the difference.
      cosine: mean of one minus the cosine of the angle, in [0, 2]; a feature vector of zero counts as unmoved.
      cka: linear centred kernel alignment, in [0, 1]; 1 where the features only turned, shifted or were scaled as a
        whole. NaN where one of the two is the same for all examples.
    """

    mean_squared: float
    euclidean: float
    cosine: float
    cka: float


def feature_movement(before: Float32[np.ndarray, "n k"], after: Float32[np.ndarray, "n k"]) -> FeatureMovement:
    """Movement of the features of one set, all measures in double precision."""
    old, new = before.astype(np.float64), after.astype(np.float64)
    squares = np.sum((new - old) ** 2, axis=1)
    norms = np.linalg.norm(old, axis=1) * np.linalg.norm(new, axis=1)
    cosines = np.sum(old * new, axis=1) / np.maximum(norms, np.finfo(np.float64).tiny)
    return FeatureMovement(
        mean_squared=float(np.mean(squares) / old.shape[1]),
        euclidean=float(np.mean(np.sqrt(squares))),
        cosine=float(np.mean(np.where(norms > 0, 1 - cosines, 0.0))),
        cka=linear_cka(before, after),
    )


def followed_share(id_movement: Float32[np.ndarray, "n k"], ood_movement: Float32[np.ndarray, "n k"]) -> float | None:
    """How much of the displacement of ID features the features of the same images in another look follow.

    `sum d_id . d_ood / sum |d_id|^2`: 1 where they move alike, 0 where the other look's features stay, as the theory
    has it off the ID subspace, or move elsewhere. None where ID features did not move.
    """
    along = id_movement.astype(np.float64)
    squares = float(np.sum(along**2))
    return float(np.sum(along * ood_movement)) / squares if squares > 0 else None


def linear_cka(left: Float32[np.ndarray, "n k"], right: Float32[np.ndarray, "n p"]) -> float:
    """Similarity of two sets of features of the same examples, whatever basis either is written in.

    `|L^T R|^2 / (|L^T L| |R^T R|)` in Frobenius norms, columns centred: invariant to rotations, shifts and an overall
    scale of either side. Through products of features or of examples, whichever is smaller.
    Source: Kornblith et al., "Similarity of neural network representations revisited", ICML 2019.
    """
    left, right = _centred(left), _centred(right)
    if left.shape[0] <= max(left.shape[1], right.shape[1]):
        left_kernel, right_kernel = left @ left.T, right @ right.T
        shared = float(np.sum(left_kernel * right_kernel))
        own = np.linalg.norm(left_kernel) * np.linalg.norm(right_kernel)
    else:
        shared = float(np.sum((left.T @ right) ** 2))
        own = np.linalg.norm(left.T @ left) * np.linalg.norm(right.T @ right)
    return float(shared / own) if own > 0 else float("nan")


def _centred(features: Float32[np.ndarray, "n k"]) -> Float[np.ndarray, "n k"]:
    doubled = features.astype(np.float64)
    return doubled - doubled.mean(0)
