"""Discrete time tends to the flow at first order; its boundaries and its refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from artifacts import UserError
from simulations.gradient_descent import Rates, gradient_descent
from simulations.gradient_descent import trained as trained_networks
from simulations.gradient_flow import FailedSolve
from simulations.methods import fine_tuning, linear_probing
from tests.support.simulated_problems import SEVERAL_DIRECTIONS, drawn
from theory.problem import Problem

TIME = 0.5
#: Halving a step halves the error of a first-order method, up to terms of the next order.
FIRST_ORDER = 0.1
#: Of an order fitted to 256 runs at two steps a factor 16 apart: chance, and terms of the next order.
STOCHASTIC_ORDER = 0.12


@pytest.fixture(scope="module")
def trained():
    """A problem with its twelve training inputs."""
    plain = drawn(SEVERAL_DIRECTIONS, 4)
    inputs = 0.4 * jax.random.normal(jax.random.key(0), (12, 4)) @ plain.id_frame.T
    return Problem.from_inputs(plain.truth, plain.pretrained, inputs), inputs


@pytest.mark.parametrize("freeze", [False, True], ids=("fine-tuning", "linear probing"))
def test_full_batch_descent_tends_to_the_flow_at_first_order(trained, freeze):
    problem, inputs = trained
    labels = inputs @ problem.truth.weights
    flow = (linear_probing if freeze else fine_tuning)(problem, np.array([0.0, TIME])).heads[-1]
    errors = []
    for steps in (400, 800):
        descent = gradient_descent(
            problem.pretrained,
            inputs,
            labels,
            learning_rate=TIME / steps,
            steps=steps,
            save_every=steps,
            freeze_features=freeze,
        )
        np.testing.assert_allclose(descent.times, [0.0, TIME])
        errors.append(float(jnp.linalg.norm(descent.networks.head[-1] - flow)))
    assert abs(errors[0] / errors[1] - 2) < FIRST_ORDER


@pytest.mark.parametrize("noise", [0.0, 0.5], ids=("minibatches", "minibatches of noisy labels"))
def test_stochastic_descent_tends_to_the_flow(trained, noise):
    """The mean over runs at order 1 in the learning rate, the spread about it at order 1/2."""
    problem, inputs = trained
    labels = inputs @ problem.truth.weights
    flow = fine_tuning(problem, np.array([0.0, TIME])).heads[-1]

    def mean_and_spread(steps):
        rates = Rates(learning_rate=TIME / steps, label_noise=noise)
        settings = {"steps": steps, "save_every": steps, "batch_size": 4, "noisy": noise > 0}

        @jax.jit
        @jax.vmap
        def head(key):
            return trained_networks(problem.pretrained, inputs, labels, rates, key=key, **settings).head[-1]

        heads = head(jax.random.split(jax.random.key(0), 256))
        return float(jnp.linalg.norm(heads.mean(0) - flow)), float(jnp.linalg.norm(heads.std(0)))

    (coarse_mean, coarse_spread), (fine_mean, fine_spread) = mean_and_spread(200), mean_and_spread(3200)
    assert abs(np.log(coarse_mean / fine_mean) / np.log(16) - 1) < STOCHASTIC_ORDER
    assert abs(np.log(coarse_spread / fine_spread) / np.log(16) - 0.5) < STOCHASTIC_ORDER


def test_minibatches_of_all_examples_are_full_batches(trained):
    problem, inputs = trained
    labels = inputs @ problem.truth.weights
    settings = {"learning_rate": 1e-3, "steps": 20}
    full = gradient_descent(problem.pretrained, inputs, labels, **settings)
    drawn_all = gradient_descent(problem.pretrained, inputs, labels, batch_size=12, key=jax.random.key(0), **settings)
    np.testing.assert_allclose(full.networks.features, drawn_all.networks.features, atol=1e-12)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 10, "save_every": 3}, "must divide"),
        ({"steps": 10, "batch_size": 13}, "between 1 and the 12 examples, got 13"),
        ({"steps": 10, "batch_size": 2}, "must have a `key`"),
        ({"steps": 10, "label_noise": 0.1}, "must have a `key`"),
        ({"steps": 10, "label_noise": -0.1}, "at least 0, got 0 and -0.1"),
        ({"steps": 10, "head_ratio": np.nan}, "both finite, got 0.001 and nan"),
        ({"steps": 10, "anchor": np.inf}, "must be finite"),
    ],
)
def test_bad_settings_are_refused(trained, settings, message):
    problem, inputs = trained
    with pytest.raises(UserError, match=message):
        gradient_descent(problem.pretrained, inputs, jnp.zeros(12), learning_rate=1e-3, **settings)


def test_divergence_raises(trained):
    problem, inputs = trained
    with pytest.raises(FailedSolve, match="diverged at learning_rate=10"):
        gradient_descent(problem.pretrained, inputs, jnp.ones(12), learning_rate=10.0, steps=200)
