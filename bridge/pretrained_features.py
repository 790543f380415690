"""Pretrained features of a linear network: the k directions of the inputs that predict another task's labels best."""

import numpy as np
from jaxtyping import Float, Int

#: Ridge of the regression, relative to the mean energy of a direction.
RIDGE = 1e-3


def reduced_rank_features(
    inputs: Float[np.ndarray, "n d"], labels: Int[np.ndarray, " n"], count: int
) -> Float[np.ndarray, "k d"]:
    """Orthonormal rows B0 that span the best linear predictor of rank k (reduced-rank regression).

    It is the linear network with k hidden units that pretraining by squared loss ends at, up to a map of its features.
    Source: Izenman, "Reduced-rank regression for the multivariate linear model", 1975.

    Args:
      inputs: of the other task; their mean is taken off.
      labels: classes of the other task.
      count: k, below the number of its classes.
    """
    centred = inputs - inputs.mean(0)
    classes = np.eye(labels.max() + 1)[labels]
    moment = centred.T @ centred / len(centred)
    ridge = RIDGE * np.trace(moment) / len(moment)
    weights = np.linalg.solve(
        moment + ridge * np.eye(len(moment)), centred.T @ (classes - classes.mean(0)) / len(centred)
    )
    outputs = np.linalg.svd(centred @ weights, full_matrices=False)[2]
    return np.ascontiguousarray(np.linalg.qr(weights @ outputs[:count].T)[0].T)
