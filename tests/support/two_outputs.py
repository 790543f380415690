"""Random networks with two outputs, and how close fine-tuning of all their parameters comes to a truth."""

import numpy as np
from scipy.integrate import solve_ivp

from tests.support.references import RTOL

INPUTS, FEATURES, ID, OUTPUTS = 7, 2, 3, 2
#: Integrated paths are good to a hundred times the local error, relative to heads of length about 1.
ATOL = 100 * RTOL


def drawn_outputs(seed, spread):
    """ID frame, pretrained features, aligned true features at a distance, pretrained head and true head."""
    draw = np.random.default_rng(seed)
    frame = np.linalg.qr(draw.normal(size=(INPUTS, ID)))[0]
    features = np.linalg.qr(draw.normal(size=(INPUTS, FEATURES)))[0].T
    tilted = np.linalg.qr(features.T + spread * draw.normal(size=(INPUTS, FEATURES)))[0].T
    left, _, right = np.linalg.svd(features @ tilted.T)
    scale = 10.0 ** draw.uniform(-1, 0.7, size=2)
    return (
        frame,
        features,
        left @ right @ tilted,
        scale[0] * draw.normal(size=(FEATURES, OUTPUTS)),
        scale[1] * draw.normal(size=(FEATURES, OUTPUTS)),
    )


def lowest_error(frame, features, true_features, head, true_head):
    """inf_t ||B^T V - W*|| along the flow of all parameters, C = I."""
    target = true_features.T @ true_head

    def velocity(_, state):
        v, b = state[: head.size].reshape(head.shape), state[head.size :].reshape(features.shape)
        gradient = 2 * frame @ (frame.T @ (b.T @ v - target))
        return np.concatenate([-(b @ gradient).ravel(), -(v @ gradient.T).ravel()])

    times = np.concatenate([[0.0], np.logspace(-3, 2, 300)])
    start = np.concatenate([head.ravel(), features.ravel()])
    path = solve_ivp(velocity, (0, times[-1]), start, method="DOP853", t_eval=times, rtol=RTOL, atol=RTOL).y.T
    heads = path[:, : head.size].reshape(-1, *head.shape)
    networks = np.einsum("tkd,tkq->tdq", path[:, head.size :].reshape(-1, *features.shape), heads)
    return np.linalg.norm(networks - target, ord=2, axis=(1, 2)).min()
