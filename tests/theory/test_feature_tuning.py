"""Features-only tuning in closed form, against the raw flow with its head held still."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from simulations.strategies import Shape, problems
from tests.support.judging import FIXED
from tests.support.references import RTOL, example_inputs
from theory import aligned_truth, feature_tuning, id_risk, ood_risk
from theory.reduction import network_at, reduce

SHAPE = Shape(8, 2, 4)
#: DOP853 at 1e-12 a step, two decades of slack.
AGREEMENT = 1e-10
#: Rounding of features and errors, relative to the change of the features.
ROUNDING = 1e-10


@jax.jit
def network_after(problem, time):
    reduced = reduce(problem)
    return network_at(feature_tuning.state_at(reduced, time), reduced, problem)


@jax.jit
def network_at_end(problem):
    reduced = reduce(problem)
    return network_at(feature_tuning.limit(reduced), reduced, problem)


@pytest.mark.parametrize("time", [0.1, 1.0, 10.0])
def test_agrees_with_the_raw_flow(time):
    problem = FIXED["generic"]
    inputs, head = example_inputs(problem), np.asarray(problem.pretrained.head)
    labels, features = inputs @ np.asarray(problem.truth.weights), np.asarray(problem.pretrained.features)

    def velocity(_, numbers):
        residual = inputs @ (numbers.reshape(features.shape).T @ head) - labels
        return -2 * np.outer(head, residual @ inputs).ravel()

    path = solve_ivp(velocity, (0.0, time), features.ravel(), method="DOP853", rtol=RTOL, atol=1e-2 * RTOL)
    network = network_after(problem, jnp.asarray(time))
    np.testing.assert_array_equal(network.head, head)
    np.testing.assert_allclose(network.features.ravel(), path.y[:, -1], atol=AGREEMENT)


@given(problems(SHAPE, any_head=False, norms=st.floats(0.1, 10.0)))
def test_fits_the_training_data_and_leaves_the_error_off_the_subspace(problem):
    start, end = problem.pretrained, network_at_end(problem)
    off = np.eye(8) - np.asarray(problem.id_frame @ problem.id_frame.T)
    size = 1 + np.linalg.norm(end.features) * np.linalg.norm(end.head)
    assert float(id_risk(end, problem)) <= (ROUNDING * size) ** 2
    outside = off @ np.asarray(start.weights - problem.truth.weights)
    np.testing.assert_allclose(ood_risk(end, problem), outside @ outside, atol=ROUNDING * size**2)


def test_start_limit_and_a_zero_head():
    problem = FIXED["generic"]
    np.testing.assert_allclose(network_after(problem, 0.0).features, problem.pretrained.features, atol=1e-15)
    late, end = network_after(problem, jnp.inf), network_at_end(problem)
    np.testing.assert_allclose(late.features, end.features, atol=1e-15)
    still = problem.with_head(jnp.zeros(2))
    np.testing.assert_allclose(network_at_end(still).features, problem.pretrained.features, atol=1e-15)


def test_from_a_true_head_with_perfect_features_nothing_moves():
    """The head decides the OOD risk: v0 = v* has none, where fine-tuning from any other head has some."""
    problem = FIXED["perfect features"]
    true = problem.with_head(aligned_truth(problem).head)
    assert float(ood_risk(network_at_end(true), true)) < 1e-20
    assert float(ood_risk(network_at_end(problem), problem)) > 0.01
