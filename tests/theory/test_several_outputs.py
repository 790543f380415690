"""The implicit lower bound for several outputs, against the raw flow of networks with two outputs."""

import jax.numpy as jnp
import numpy as np
import pytest
from references import RTOL
from scipy.integrate import solve_ivp

from theory.bounds.fine_tuning import head_error_ceiling
from theory.bounds.several_outputs import both_signs_ceiling, several_outputs_lower_bound
from theory.subspaces import off_subspace_cosine

INPUTS, FEATURES, ID, OUTPUTS = 7, 2, 3, 2
#: Integrated paths are good to a hundred times the local error, relative to heads of length about 1.
ATOL = 100 * RTOL


def _drawn(seed, spread):
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


def _lowest_error(frame, features, true_features, head, true_head):
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


@pytest.mark.parametrize("seed", range(12))
def test_an_integrated_network_stays_above_the_bound(seed):
    frame, features, true_features, head, true_head = _drawn(seed, spread=[0.0, 1e-3, 0.1][seed % 3])
    bound = several_outputs_lower_bound(
        jnp.asarray(head),
        jnp.asarray(true_head),
        jnp.asarray(np.linalg.norm(features - true_features, ord=2)),
        off_subspace_cosine(jnp.asarray(features), jnp.asarray(frame)),
    )
    assert _lowest_error(frame, features, true_features, head, true_head) >= float(bound) - ATOL


def test_the_bound_says_something():
    frame, features, _, head, true_head = _drawn(0, spread=0.0)
    cosine = off_subspace_cosine(jnp.asarray(features), jnp.asarray(frame))
    bound = several_outputs_lower_bound(jnp.asarray(head), jnp.asarray(true_head), jnp.zeros(()), cosine)
    assert float(bound) > 0.05


def test_the_ceiling_is_above_that_of_either_sign():
    for error in np.logspace(-4, 2, 25):
        for norm in np.logspace(-3, 2, 11):
            both = both_signs_ceiling(jnp.asarray(error), jnp.asarray(norm))
            for long_head in (True, False):
                single = head_error_ceiling(jnp.asarray(error), jnp.asarray(norm), jnp.asarray(long_head))
                assert single <= both * (1 + 1e-14)
