"""The corrected, implicit and half-space bound hold for gradient flow on any loss of the outputs and any labels."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.special import expit, softmax

from tests.support.judging import violated_in
from tests.support.references import RTOL
from theory.bounds import best_lower_bound, several_outputs_half_space_bound
from theory.bounds.several_outputs import several_outputs_implicit_bound
from theory.statements import Setting
from theory.statements.ft_ood_lower_bound import small_truth
from theory.subspaces import off_subspace_cosine

NAME = "any_loss_lower_bound"
INPUTS, FEATURES, ID, OUTPUTS, EXAMPLES = 7, 2, 3, 3, 10
#: Integrated paths are good to a hundred times the local error, relative to heads of length about 1.
ATOL = 100 * RTOL


@settings(max_examples=25)
@given(st.integers(0, 2**31 - 1))
def test_holds_at_every_time(seed):
    solved, violated = violated_in(Setting.ANY_LOSS, NAME)(seed)
    assert solved
    assert not violated


@pytest.mark.parametrize("seed", range(6))
def test_an_integrated_network_with_logistic_loss_agrees(seed):
    """SciPy on the definition: labels of a coin for each example, weights of the examples that oscillate in time."""
    draw, (frame, features, head, inputs) = _drawn(seed, 1)
    labels = draw.integers(0, 2, size=(EXAMPLES, 1))

    def derivative(outputs, time):
        return (1 + np.sin(7 * time + np.arange(EXAMPLES)))[:, None] * (expit(outputs) - labels)

    path = _trained(features, head, inputs, derivative)
    targets = draw.normal(size=(INPUTS, 1)) * np.geomspace(0.1, 10, 12)[:, None, None]
    for target in targets:
        lowest = np.linalg.norm(path - target, axis=(1, 2)).min()
        assert lowest >= _half_space(head, features, frame, target) - ATOL


@pytest.mark.parametrize("seed", range(6))
def test_an_integrated_network_with_softmax_loss_agrees(seed):
    draw, (frame, features, head, inputs) = _drawn(seed, OUTPUTS)
    labels = np.eye(OUTPUTS)[draw.integers(0, OUTPUTS, size=EXAMPLES)]
    path = _trained(features, head, inputs, lambda outputs, _: softmax(outputs, axis=1) - labels)
    true_head = draw.normal(size=head.shape)
    target = features.T @ true_head
    lowest = np.linalg.norm(path - target, ord=2, axis=(1, 2)).min()
    implicit = float(implicit_bound(*map(jnp.asarray, (features, frame, head, true_head))))
    assert lowest >= max(_half_space(head, features, frame, target), implicit) - ATOL
    assert max(_half_space(head, features, frame, target), implicit) > 0


def test_inputs_outside_the_id_subspace_break_it():
    """The premise: a single example with a part outside S lets the features there move, and the truth be reached."""
    problem = small_truth(0.6, 1.0, 3.0)
    unseen, target = np.array([[0.0, 1.0]]), np.asarray(problem.truth.weights)[:, None]
    features, head = np.asarray(problem.pretrained.features), np.asarray(problem.pretrained.head)[:, None]
    inputs = np.concatenate([[[1.0, 0.0]], unseen])
    path = _trained(features, head, inputs, lambda outputs, _: 2 * (outputs - inputs @ target))
    assert np.linalg.norm(path[-1] - target) < 1e-3 < float(jax.jit(best_lower_bound)(problem))


def _drawn(seed, outputs):
    draw = np.random.default_rng(seed)
    frame = np.linalg.qr(draw.normal(size=(INPUTS, ID)))[0]
    features = np.linalg.qr(draw.normal(size=(INPUTS, FEATURES)))[0].T
    head = 3 * draw.normal(size=(FEATURES, outputs))
    return draw, (frame, features, head, draw.normal(size=(EXAMPLES, ID)) @ frame.T)


def _trained(features, head, inputs, derivative):
    """Weights (t, d, q) along `dV/dt = -B X^T G, dB/dt = -V G^T X`, G = derivative(outputs, time)."""

    def velocity(time, state):
        v, b = state[: head.size].reshape(head.shape), state[head.size :].reshape(features.shape)
        pull = inputs.T @ derivative(inputs @ b.T @ v, time)
        return -np.concatenate([(b @ pull).ravel(), (v @ pull.T).ravel()])

    start = np.concatenate([head.ravel(), features.ravel()])
    times = np.concatenate([[0.0], np.geomspace(1e-3, 20, 100)])
    path = solve_ivp(velocity, (0, 20), start, method="DOP853", t_eval=times, rtol=RTOL, atol=RTOL).y.T
    heads = path[:, : head.size].reshape(-1, *head.shape)
    return np.einsum("tkd,tkq->tdq", path[:, head.size :].reshape(-1, *features.shape), heads)


half_space = jax.jit(several_outputs_half_space_bound)


@jax.jit
def implicit_bound(features, frame, head, true_head):
    """With perfect features."""
    return several_outputs_implicit_bound(head, true_head, jnp.zeros(()), off_subspace_cosine(features, frame))


def _half_space(*arrays):
    return float(half_space(*(jnp.asarray(array) for array in arrays)))
