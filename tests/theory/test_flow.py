"""The fine-tuning flow against automatic differentiation of the loss, and its Lorentz structure."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.linalg import expm

from simulations.strategies import Shape, problems, scales
from tests.support.references import example_inputs, fine_tuned
from theory import training_loss
from theory.fine_tuning import flow, lorentz
from theory.reduction import reduce
from theory.reduction import training_loss as reduced_training_loss
from theory.statements.ft_ood_lower_bound import small_truth

#: Matrix products of a few terms, relative to the largest.
RTOL = 1e-12
#: SciPy's matrix exponential of generators up to norm 10, relative to its largest entry.
EXPM = 1e-12
#: Products of boosts cancel entries of size e^(2 |q|), relative to which they are right to a few roundings.
BOOSTED = 1e-14
#: A forward derivative at distance 1e-9 from rest.
AT_REST = 1e-8
#: Residuals of a path that DOP853 integrates at 1e-12 a step, relative to the labels of a network of its size.
INTEGRATED = 1e-9


@jax.jit
def raw(problem):
    """The stated velocity, minus the gradient of the stated loss, and their common scale."""
    gradient = jax.grad(training_loss)(problem.pretrained, problem)
    velocity = flow.raw_vector_field(problem.pretrained, problem)
    size = (jnp.linalg.norm(problem.pretrained.head) + 1) * jnp.linalg.norm(problem.training_covariance)
    size = size * (jnp.linalg.norm(problem.truth.head) + jnp.linalg.norm(problem.pretrained.head))
    return velocity, jax.tree.map(jnp.negative, gradient), size


@jax.jit
def reduced_parts(problem):
    reduced = reduce(problem, compress=False)
    state = reduced.start
    gradient = jax.grad(reduced_training_loss)(state, reduced)
    velocity = flow.vector_field(state, reduced)
    boosted = lorentz.stacked(state) @ lorentz.generator(flow.boost_direction(state, reduced))
    return state, velocity, jax.tree.map(jnp.negative, gradient), lorentz.unstacked(boosted)


@given(problems(Shape(8, 2, 4)))
def test_parameters_follow_minus_the_gradient_of_the_loss(problem):
    velocity, downhill, size = raw(problem)
    np.testing.assert_allclose(velocity.head, downhill.head, atol=RTOL * size)
    np.testing.assert_allclose(velocity.features, downhill.features, atol=RTOL * size)


@given(problems(Shape(8, 2, 4)))
def test_the_reduced_state_does_so_too_and_its_velocity_is_a_boost(problem):
    *_, size = raw(problem)
    _, velocity, downhill, boosted = reduced_parts(problem)
    for other in (downhill, boosted):
        np.testing.assert_allclose(velocity.head, other.head, atol=RTOL * size)
        np.testing.assert_allclose(velocity.id_features, other.id_features, atol=RTOL * size)


@given(problems(Shape(8, 2, 4)))
def test_the_conserved_form_is_that_of_minkowski_space(problem):
    state, *_ = reduced_parts(problem)
    stacked = np.asarray(lorentz.stacked(state))
    size = 1 + np.sum(stacked**2)
    form = stacked @ np.asarray(lorentz.metric(4)) @ stacked.T
    np.testing.assert_allclose(flow.conserved_form(state), form, atol=RTOL * size)
    assert flow.relative_drift(state, state) == 0
    network, difference = problem.pretrained, flow.conserved_form(state)
    whole = jnp.outer(network.head, network.head) - network.features @ network.features.T
    outside = network.features - network.features @ problem.id_frame @ problem.id_frame.T
    np.testing.assert_allclose(difference - outside @ outside.T, whole, atol=RTOL * size)


@jax.jit
def promise(problem):
    """The guaranteed decay, from the plain and from the compressed reduction, and |v0|^2 - ||A0||^2."""
    plain, compressed = reduce(problem, compress=False), reduce(problem, compress=True)
    longest = jnp.linalg.norm(plain.start.id_features, ord=2)
    rates = [flow.guaranteed_decay(reduced.start, reduced) for reduced in (plain, compressed)]
    return *rates, jnp.sum(plain.start.head**2) - longest**2


@settings(max_examples=15)
@given(problems(Shape(6, 2, 3), norms=scales(0.5), any_head=False))
def test_the_training_loss_decays_at_the_guaranteed_rate(problem):
    # Heads up to 5, in units of time in which the flow is not stiff.
    length = float(jnp.linalg.norm(problem.pretrained.head))
    problem = problem.with_head(problem.pretrained.head * min(1.0, 5.0 / length))
    rate, compressed, surplus = map(float, promise(problem))
    eigenvalues = np.linalg.eigvalsh(problem.training_covariance)
    assert rate == pytest.approx(compressed, abs=RTOL * eigenvalues[-1] * 30)
    assert rate >= 4 * eigenvalues[0] * surplus - RTOL * eigenvalues[-1] * 30
    times = np.linspace(0, 10 / (eigenvalues[-1] * (1 + min(length, 5.0) ** 2)), 6)
    path = fine_tuned(problem, times)
    weights = np.einsum("tkd,tk->td", path.features, path.heads)
    residuals = np.linalg.norm((weights - np.asarray(problem.truth.weights)) @ example_inputs(problem).T, axis=1)
    promised = residuals[0] * np.exp(-rate * times / 2)
    size = np.sqrt(eigenvalues[-1]) * (np.linalg.norm(problem.truth.head) + min(length, 5.0) + 1)
    assert (residuals <= promised + INTEGRATED * size).all()


def test_the_guaranteed_rate_is_that_of_the_head_alone_where_features_vanish_on_the_id_subspace():
    # A0 = 0 and C = 1: lam = |v0|^2, and the loss decays at 4 |v0|^2 until features grow. A head inside them: nothing.
    state = flow.FlowState(jnp.array([0.6]), jnp.array([[0.0]]))
    reduced = reduce(small_truth(0.0, 1.0, 0.6))
    assert float(flow.guaranteed_decay(state, reduced)) == pytest.approx(4 * 0.36)
    assert float(flow.guaranteed_decay(flow.FlowState(jnp.array([0.5]), jnp.array([[0.6]])), reduced)) == 0


@pytest.mark.parametrize("turn", np.linspace(0.1, 6.0, 12))
def test_without_a_head_nothing_is_guaranteed_whatever_the_coordinates(turn):
    """lam = 0, since nothing keeps |v|^2 up; as an eigenvalue it may come out as 1e-17, which is no rate."""
    unit = jnp.array([np.cos(turn), np.sin(turn)])
    reduced = reduce(small_truth(0.0, 1.0, 0.6))
    assert float(flow.guaranteed_decay(flow.FlowState(jnp.zeros(2), 0.7 * unit[:, None]), reduced)) == 0


def test_a_drift_is_relative_to_the_squares_of_both_states():
    start, later = (flow.FlowState(jnp.array([head]), jnp.zeros((1, 2))) for head in (3.0, 4.0))
    assert float(flow.relative_drift(later, start)) == pytest.approx((16 - 9) / (16 + 9))
    nothing = flow.FlowState(jnp.zeros(1), jnp.zeros((1, 2)))
    assert float(flow.relative_drift(nothing, nothing)) == 0


DIRECTIONS = arrays(float, 3, elements=st.floats(-6, 6, allow_subnormal=False))
boost, boosted = jax.jit(lorentz.boost), jax.jit(lorentz.boosted)


@given(DIRECTIONS)
def test_boosts_are_lorentz_transformations(direction):
    generator, metric = np.asarray(lorentz.generator(jnp.asarray(direction))), np.asarray(lorentz.metric(3))
    np.testing.assert_array_equal(generator @ metric + metric @ generator, 0)
    matrix = np.asarray(boost(jnp.asarray(direction)))
    size = np.abs(matrix).max()
    np.testing.assert_allclose(matrix, expm(generator), atol=EXPM * size)
    np.testing.assert_allclose(matrix.T @ metric @ matrix, metric, atol=BOOSTED * size**2)
    assert abs(np.linalg.det(matrix) - 1) <= BOOSTED * size**2
    assert matrix[0, 0] >= 1
    np.testing.assert_allclose(matrix @ np.asarray(boost(jnp.asarray(-direction))), np.eye(4), atol=BOOSTED * size**2)


@given(DIRECTIONS, arrays(float, (2, 4), elements=st.floats(-3, 3, allow_subnormal=False)))
def test_boosted_is_the_product_with_the_boost(direction, moving):
    matrix = np.asarray(boost(jnp.asarray(direction)))
    found = lorentz.stacked(boosted(lorentz.unstacked(jnp.asarray(moving)), jnp.asarray(direction)))
    np.testing.assert_allclose(found, moving @ matrix, atol=BOOSTED * np.abs(matrix).max() * 3)


@given(DIRECTIONS, st.floats(-1, 1), st.floats(-1, 1))
def test_boosts_along_one_direction_add_their_rapidities(direction, first, second):
    both = np.asarray(boost(jnp.asarray(first * direction))) @ np.asarray(boost(jnp.asarray(second * direction)))
    together = boost(jnp.asarray((first + second) * direction))
    size = np.exp((abs(first) + abs(second)) * np.linalg.norm(direction))
    np.testing.assert_allclose(both, together, atol=10 * BOOSTED * size)


@pytest.mark.parametrize("length", [0.0, 1e-12, 1e-3])
def test_short_boosts_keep_their_digits(length):
    direction = length * np.array([0.6, 0.0, 0.8])
    linear = np.asarray(boost(jnp.asarray(direction)))[0, 1:]
    np.testing.assert_allclose(linear, direction * (1 + length**2 / 6), rtol=RTOL)


def test_the_derivative_of_a_boost_at_rest_is_its_generator():
    derivative = jax.jit(jax.jacfwd(lambda scale: lorentz.boost(scale * jnp.array([0.3, -2.0, 1.0]))))(1e-9)
    np.testing.assert_allclose(derivative, lorentz.generator(jnp.array([0.3, -2.0, 1.0])), atol=AT_REST)


def test_stacking_is_undone():
    problem = PROBLEM_STATE
    again = lorentz.unstacked(lorentz.stacked(problem))
    np.testing.assert_array_equal(again.head, problem.head)
    np.testing.assert_array_equal(again.id_features, problem.id_features)


PROBLEM_STATE = flow.FlowState(jnp.array([1.0, 2.0]), jnp.arange(6.0).reshape(2, 3))
