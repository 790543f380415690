"""With the penalty `lambda (|v|^2 + |B|^2)` fine-tuning keeps `s u . w >= exp(-4 lambda t) sqrt(lam)` at every time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from tests.support.judging import violated_in
from tests.support.references import RTOL, example_inputs
from theory.bounds import half_space_lower_bound
from theory.bounds.finite_steps import weight_decay_lower_bound
from theory.statements import Setting
from theory.statements.ft_ood_lower_bound import small_truth

NAME = "weight_decay_lower_bound"
RATE = 0.05
TIMES = np.concatenate([[0.0], np.geomspace(1e-2, 20, 40)])
#: Integrated paths are good to a hundred times the local error.
ATOL = 1000 * RTOL

bounds = jax.jit(jax.vmap(weight_decay_lower_bound, (None, None, 0)))


@settings(max_examples=25)
@given(st.integers(0, 2**31 - 1))
def test_holds_at_every_time(seed):
    solved, violated = violated_in(Setting.WEIGHT_DECAY, NAME)(seed)
    assert solved
    assert not violated


@pytest.mark.parametrize("head", [3.0, -2.0, 1.2])
def test_an_integrated_network_agrees_and_decays_as_proved(head):
    problem = small_truth(0.6, 1.0, head)
    heads, features = _decayed(problem)
    unseen = np.array([0.0, 1.0])
    np.testing.assert_allclose(features @ unseen, np.exp(-2 * RATE * TIMES)[:, None] * 0.8, atol=ATOL)
    forms = heads[:, 0] ** 2 - features[:, 0, 0] ** 2
    np.testing.assert_allclose(forms, np.exp(-4 * RATE * TIMES) * forms[0], atol=ATOL)
    errors = np.linalg.norm(np.einsum("tk,tkd->td", heads, features) - problem.truth.weights, axis=1)
    said = np.asarray(bounds(problem, jnp.asarray(RATE), jnp.asarray(TIMES)))
    assert (errors >= said - ATOL).all()
    assert said.max() > 0.01


def test_at_the_start_it_is_the_half_space_bound_and_without_decay_always():
    problem = small_truth(0.6, 1.0, 3.0)
    value = float(half_space_lower_bound(problem))
    assert float(weight_decay_lower_bound(problem, jnp.asarray(RATE), jnp.asarray(0.0))) == value
    assert float(weight_decay_lower_bound(problem, jnp.asarray(0.0), jnp.asarray(1e3))) == value


def test_the_bound_without_decay_fails_under_decay():
    """The witness that the factor is needed."""
    problem = small_truth(0.6, 1.0, 3.0)
    heads, features = _decayed(problem)
    errors = np.linalg.norm(np.einsum("tk,tkd->td", heads, features) - problem.truth.weights, axis=1)
    assert errors.min() < 0.5 * float(half_space_lower_bound(problem))


def _decayed(problem):
    """SciPy on all parameters."""
    inputs, features = example_inputs(problem), np.asarray(problem.pretrained.features)
    labels, (k, d) = inputs @ np.asarray(problem.truth.weights), features.shape

    def velocity(_, state):
        v, b = state[:k], state[k:].reshape(k, d)
        gradient = 2 * inputs.T @ (inputs @ (b.T @ v) - labels)
        return np.concatenate([-b @ gradient, -np.outer(v, gradient).ravel()]) - 2 * RATE * state

    start = np.concatenate([problem.pretrained.head, features.ravel()])
    path = solve_ivp(velocity, (0, TIMES[-1]), start, method="DOP853", t_eval=TIMES, rtol=RTOL, atol=RTOL).y.T
    return path[:, :k], path[:, k:].reshape(-1, k, d)
