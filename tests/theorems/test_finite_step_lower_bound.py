"""After every step of SGD the half-space bound holds with `lam - sum eta^2 |g_B^T z|^2` in the place of lam."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulations.gradient_descent import Rates, gradient_descent, trained
from simulations.losses import logistic_loss, softmax_loss, squared_loss
from simulations.networks import SeveralOutputs
from simulations.strategies import Shape
from tests.support.judging import violated_in
from theory import LinearNetwork, Problem
from theory.bounds import half_space_lower_bound, several_outputs_half_space_bound
from theory.bounds.finite_steps import (
    Drift,
    finite_step_lower_bound,
    head_keeps_its_sign,
    several_outputs_finite_step_bound,
)
from theory.statements import Evidence, Setting
from theory.statements.finite_step_lower_bound import bound_where_closest, risk_where_closest
from theory.statements.ft_ood_lower_bound import small_truth
from theory.statements.statement import TOLERANCE

NAME = "finite_step_lower_bound"
SHAPE = Shape(6, 2, 3)
EXAMPLES, STEPS = 10, 300
#: Sums of hundreds of products of numbers of order 1 to 10.
ROUNDING = 1e-11

bound = jax.jit(finite_step_lower_bound)
several_bound = jax.jit(several_outputs_finite_step_bound)
keeps_sign = jax.jit(head_keeps_its_sign)


@settings(max_examples=25)
@given(st.integers(0, 2**31 - 1))
def test_holds_after_every_step(seed):
    solved, violated = violated_in(Setting.FINITE_STEPS, NAME)(seed)
    assert solved
    assert not violated


@pytest.mark.parametrize("decay", [0.0, 0.05])
@pytest.mark.parametrize("loss", [squared_loss, logistic_loss])
def test_the_drift_of_the_conserved_form_is_exactly_what_is_summed(loss, decay):
    run, (frame, _, network, _, _) = _descent(0, 1, loss, weight_decay=decay)
    forms = np.array([_form(v, b, frame) for v, b in zip(run.networks.head, run.networks.features, strict=True)])
    drift = run.drift
    expected = np.asarray(drift.shrinkage)[:, None, None] * (forms[0] + drift.gained - drift.lost)
    np.testing.assert_allclose(forms, expected, atol=ROUNDING * np.abs(forms[0]).max())
    assert np.abs(forms[-1] - forms[0]).max() > 1e-3  # it does drift
    rate = 2 * float(run.times[1]) * decay
    outside = np.eye(frame.shape[0]) - frame @ frame.T
    unseen = (1 - rate) ** np.arange(STEPS + 1)[:, None, None] * (np.asarray(network.features) @ outside)
    np.testing.assert_allclose(run.networks.features @ outside, unseen, atol=ROUNDING)


@pytest.mark.parametrize("decay", [0.0, 0.05])
@pytest.mark.parametrize("seed", range(4))
def test_softmax_outputs_stay_above_the_bound_at_every_step(seed, decay):
    run, (frame, target, network, _, _) = _descent(seed, 3, softmax_loss, weight_decay=decay)
    errors = np.linalg.norm(jax.vmap(lambda one: one.weights)(run.networks) - target, ord=2, axis=(1, 2))
    said = []
    for step in range(0, STEPS + 1, 50):
        drift = jax.tree.map(lambda leaf, step=step: leaf[step], run.drift)
        said.append(float(several_bound(network.head, network.features, frame, target, drift)))
        assert errors[step] >= said[-1] - TOLERANCE
        # Without decay the bound of a later step holds for all steps before it.
        assert decay > 0 or errors[: step + 1].min() >= said[-1] - TOLERANCE
    assert said[-1] > 0
    assert said == sorted(said, reverse=True)


def test_without_steps_it_is_the_half_space_bound():
    problem = small_truth(0.6, 1.0, 3.0)
    assert float(bound(problem, _no_drift(1))) == float(half_space_lower_bound(problem))


def test_a_violation_is_seen_beside_a_moment_without_risk_and_without_bound():
    """At the first moment half the bound is met; at the second nothing is promised, and the network is the truth."""
    problem = small_truth(0.6, 1.0, 3.0)
    promised = float(half_space_lower_bound(problem))
    features = problem.pretrained.features
    networks = jax.vmap(lambda head: LinearNetwork(head[None], features))(jnp.array([1 + promised / 2, 1.0]))
    nothing = jnp.zeros((2, 1, 1))
    drift = Drift(nothing.at[1].set(100.0), nothing, jnp.ones(2), jnp.zeros(2))
    evidence = Evidence(problem, fine_tuning=networks, linear_probing=networks, lp_ft=networks, drift=drift)
    assert promised > 0
    assert float(risk_where_closest(evidence)) == pytest.approx(promised / 2)
    assert float(bound_where_closest(evidence)) == pytest.approx(promised)


@pytest.mark.parametrize("seed", range(3))
def test_without_steps_it_is_the_bound_for_several_outputs_too(seed):
    draw = np.random.default_rng(seed)
    frame, features = np.linalg.qr(draw.normal(size=(7, 2)))[0], np.linalg.qr(draw.normal(size=(7, 3)))[0].T
    drawn = tuple(map(jnp.asarray, (3 * draw.normal(size=(3, 2)), features, frame, draw.normal(size=(7, 2)))))
    expected = float(several_outputs_half_space_bound(*drawn))
    assert expected > 0
    assert float(several_bound(*drawn, _no_drift(3))) == pytest.approx(expected)


def test_small_steps_tend_to_the_flow():
    """The drift is at most 2 eta times the loss at the start."""
    lost = []
    for steps in (1000, 2000):
        problem = small_truth(0.6, 1.0, 3.0)
        inputs = jnp.array([[1.0, 0.0]])
        labels = inputs @ problem.truth.weights
        run = gradient_descent(problem.pretrained, inputs, labels, learning_rate=1 / steps, steps=steps)
        start = float(jnp.sum((inputs @ problem.pretrained.weights - labels) ** 2))
        lost.append(float(run.drift.lost[-1, 0, 0]))
        assert 0 < lost[-1] <= 2 / steps * start
    assert lost[0] / lost[1] == pytest.approx(2, rel=0.05)


def test_a_step_across_the_gap_takes_the_sign():
    """One long step turns the head round: the bound with a sign would be violated, and is not claimed."""
    features = jnp.array([[0.6, 0.8]])
    problem = Problem(
        truth=LinearNetwork(jnp.array([-3.0]), features),
        pretrained=LinearNetwork(jnp.array([3.0]), features),
        id_frame=jnp.array([[1.0], [0.0]]),
        training_covariance=jnp.eye(1),
    )
    inputs = jnp.array([[1.0, 0.0]])
    # From v = 3 the gradient of the head is 2 a (a v - u) = 4.32: a step of 1.3 takes it to -2.6.
    run = gradient_descent(problem.pretrained, inputs, inputs @ problem.truth.weights, learning_rate=1.3, steps=1)
    drift = jax.tree.map(lambda leaf: leaf[-1], run.drift)
    assert float(run.networks.head[-1, 0]) < -2
    assert not keeps_sign(problem, drift)
    reached = float(jnp.linalg.norm(run.networks.head[-1] @ run.networks.features[-1] - problem.truth.weights))
    assert float(bound(problem, drift)) <= reached
    assert float(half_space_lower_bound(problem)) > float(bound(problem, drift))


def test_adam_breaks_it():
    """A witness: its steps are no multiples of the gradient, so v^2 - a^2 is not kept, however small they are."""
    problem = small_truth(0.6, 1.0, 2.0)
    inputs = jnp.array([[1.0, 0.0]])

    def lowest(optimiser):
        run = trained(
            problem.pretrained,
            inputs,
            inputs @ problem.truth.weights,
            Rates(learning_rate=1e-3),
            steps=4000,
            save_every=10,
            optimiser=optimiser,
            key=jax.random.key(0),
        )
        return float(jnp.min(jnp.linalg.norm(jax.vmap(lambda one: one.weights)(run) - problem.truth.weights, axis=1)))

    assert lowest(optax.adam(1e-3)) < 0.9 * float(half_space_lower_bound(problem)) < 0.9 * lowest(optax.sgd(1e-3))


def _descent(seed, outputs, loss, *, weight_decay):
    """SGD on random examples with random labels, far from small steps."""
    draw = np.random.default_rng(seed)
    d, k, m = SHAPE
    frame = jnp.asarray(np.linalg.qr(draw.normal(size=(d, m)))[0])
    features = jnp.asarray(np.linalg.qr(draw.normal(size=(d, k)))[0].T)
    inputs = jnp.asarray(draw.normal(size=(EXAMPLES, m))) @ frame.T
    target = features.T @ jnp.asarray(draw.normal(size=(k, outputs)))
    head = jnp.asarray(3 * draw.normal(size=(k, outputs)))
    if outputs == 1:
        network = LinearNetwork(head[:, 0], features)
        labels = jnp.asarray(draw.integers(0, 2, size=EXAMPLES), dtype=float)
    else:
        network = SeveralOutputs(head, features)
        labels = jnp.asarray(np.eye(outputs)[draw.integers(0, outputs, size=EXAMPLES)])
    run = gradient_descent(
        network,
        inputs,
        labels,
        learning_rate=2e-3,
        steps=STEPS,
        batch_size=3,
        loss=loss,
        weight_decay=weight_decay,
        key=jax.random.key(seed),
    )
    return run, (frame, target, network, inputs, labels)


def _form(head, features, frame):
    head, id_features = np.asarray(head).reshape(features.shape[0], -1), np.asarray(features @ frame)
    return head @ head.T - id_features @ id_features.T


def _no_drift(k):
    return Drift(jnp.zeros((k, k)), jnp.zeros((k, k)), jnp.ones(()), jnp.zeros(()))
