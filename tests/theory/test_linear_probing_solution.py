"""Linear probing in closed form, against SciPy's matrix exponential of the linear ODE and NumPy's least squares."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm
from scipy.special import factorial

from simulations.strategies import Shape, problems
from tests.support.references import central_difference, example_inputs, probed_head
from theory import LinearNetwork, Problem, linear_probing
from theory.reduction import reduce

#: k < m; k = m; and k > m, where two components of the head are invisible.
SHAPES = [Shape(8, 2, 4), Shape(6, 3, 3), Shape(6, 4, 2)]
#: The matrix exponential loses digits with |H| t, which stays below 1e4; relative to W and the heads.
EXPM = 1e-9
#: Least squares at principal angles within 1e-2 of a right angle and condition 1e4, relative to W / c_S and the heads.
LEAST_SQUARES = 1e-9
#: Central differences of fourth order with a step of 1e-3, relative to the derivative.
DIFFERENCE = 1e-7
#: Forward against reverse mode, and one call against several: the same sums in another order.
REORDERED = 1e-12
#: A sum of six terms of falling size, and what is left of the series after them.
ROUNDED = 1e-15
#: Condition 1e4 in the inputs squares to 1e8 in H: eight digits are left of the limit, ten of an early time.
ILL_CONDITIONED, EARLY = 1e-6, 1e-10

reduced_of = jax.jit(lambda problem: reduce(problem, compress=False))
at = jax.jit(linear_probing.state_at)
at_end = jax.jit(linear_probing.limit)


def exponential(problem: Problem, time: float) -> np.ndarray:
    """The head at a time: `dv/dt = -2 B0 X^T (X B0^T v - Y)` as a linear system in (v, 1)."""
    design = example_inputs(problem) @ np.asarray(problem.pretrained.features).T
    labels = example_inputs(problem) @ np.asarray(problem.truth.weights)
    k = design.shape[1]
    system = np.zeros((k + 1, k + 1))
    system[:k, :k], system[:k, k] = -2 * design.T @ design, 2 * design.T @ labels
    return (expm(system * time) @ np.append(problem.pretrained.head, 1.0))[:k]


def size(problem: Problem) -> float:
    return float(jnp.linalg.norm(problem.truth.head) + jnp.linalg.norm(problem.pretrained.head))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_agrees_with_the_matrix_exponential(shape):
    @given(problems(shape), st.sampled_from((1e-6, 1e-2, 1.0, 10.0)))
    def check(problem, time):
        time = time / float(np.linalg.norm(problem.training_covariance, ord=2))
        found = at(reduced_of(problem), jnp.asarray(time)).head
        np.testing.assert_allclose(found, exponential(problem, time), atol=EXPM * size(problem))

    check()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_tends_to_the_nearest_least_squares_head(shape):
    @given(problems(shape, margin=0.01))
    def check(problem):
        reduced = reduced_of(problem)
        found, expected = at_end(reduced).head, probed_head(problem)
        scale = size(problem) + np.linalg.norm(expected)
        np.testing.assert_allclose(found, expected, atol=LEAST_SQUARES * scale)
        np.testing.assert_array_equal(at(reduced, jnp.asarray(jnp.inf)).head, found)

    check()


@given(problems(Shape(6, 4, 2), margin=0.1))
def test_starts_at_the_start_and_keeps_what_id_inputs_do_not_see(problem):
    reduced = reduced_of(problem)
    np.testing.assert_array_equal(at(reduced, jnp.zeros(())).head, problem.pretrained.head)
    unseen = np.linalg.svd(reduced.start.id_features)[0][:, 2:]
    for time in (1e-3, 1.0, 1e6):
        moved = at(reduced, jnp.asarray(time)).head - problem.pretrained.head
        np.testing.assert_allclose(unseen.T @ moved, 0, atol=LEAST_SQUARES * size(problem))


def ill_conditioned(rank: int) -> Problem:
    """Second moments from 1 down to 1e-8 with k = 3, in a generic position towards the features."""
    draw = np.random.default_rng(5)
    frame, rows, basis = (np.linalg.qr(draw.normal(size=shape))[0] for shape in ((8, rank), (8, 3), (rank, rank)))
    covariance = (basis * np.logspace(0, -8, rank)) @ basis.T
    return Problem(
        truth=LinearNetwork(jnp.array([1.0, -2.0, 0.5]), jnp.asarray(np.linalg.qr(draw.normal(size=(8, 3)))[0].T)),
        pretrained=LinearNetwork(jnp.array([0.3, 0.2, 0.1]), jnp.asarray(rows.T)),
        id_frame=jnp.asarray(frame),
        training_covariance=jnp.asarray((covariance + covariance.T) / 2),
    )


@pytest.mark.parametrize("rank", [2, 3, 5])
@pytest.mark.parametrize("compress", [False, True], ids=["plain", "compressed"])
def test_ill_conditioned_inputs(rank, compress):
    problem = ill_conditioned(rank)
    reduced = reduce(problem, compress=compress)
    probed = reduced.lift @ at_end(reduced).head
    lost = problem.pretrained.head - reduced.lift @ (reduced.lift.T @ problem.pretrained.head)
    # Condition 1e4 in the inputs, whose entries are known to 1e-16 / 1e-4 relative to the smallest singular value.
    np.testing.assert_allclose(probed + lost, probed_head(problem), rtol=ILL_CONDITIONED, atol=ILL_CONDITIONED)
    # The slow components have moved by 1e-8 of their way at time 1, and are there in the end.
    early = reduced.lift @ at(reduced, jnp.asarray(1.0)).head
    np.testing.assert_allclose(early + lost, exponential(problem, 1.0), atol=EARLY)


@jax.jit
def shifted(shift, problem, time):
    """The head as a function of one number that moves the covariance and the starting head."""
    moves = jnp.array([[0.8, 0.0, 0.3], [0.0, 2.1, 0.0], [0.3, 0.0, 2.8]])
    moved = Problem(
        truth=problem.truth,
        pretrained=LinearNetwork(problem.pretrained.head * (1 + shift), problem.pretrained.features),
        id_frame=problem.id_frame,
        training_covariance=problem.training_covariance + shift * moves,
    )
    return linear_probing.state_at(reduce(moved, compress=False), time).head


forward, backward = jax.jit(jax.jacfwd(shifted)), jax.jit(jax.jacrev(shifted))


@pytest.mark.parametrize("time", [1e-8, 0.3, 40.0, np.inf])
@pytest.mark.parametrize("repeated", [True, False], ids=["repeated rates", "different rates"])
def test_gradients_agree_with_finite_differences(time, repeated):
    # Features at one angle to S and isotropic covariance: all rates equal, where the derivative of an SVD is singular.
    frame = jnp.eye(6)[:, :3]
    tilts = jnp.array([0.7, 0.7, 0.7]) if repeated else jnp.array([0.3, 0.7, 1.1])
    features = jnp.concatenate([jnp.diag(jnp.cos(tilts)), jnp.diag(jnp.sin(tilts))], axis=1)
    truth = LinearNetwork(jnp.array([1.0, -1.0, 2.0]), jnp.roll(features, 1, axis=1))
    truth = LinearNetwork(truth.head, jnp.asarray(np.linalg.qr(np.asarray(truth.features).T)[0].T))
    problem = Problem(truth, LinearNetwork(jnp.array([0.5, 1.0, -0.2]), features), frame, jnp.eye(3))
    exact = forward(0.0, problem, jnp.asarray(time))
    assert np.isfinite(exact).all()
    expected = central_difference(lambda shift: shifted(shift, problem, jnp.asarray(time)), 0.0, 1e-3)
    np.testing.assert_allclose(exact, expected, atol=DIFFERENCE * (1 + np.abs(exact).max()))
    np.testing.assert_allclose(backward(0.0, problem, jnp.asarray(time)), exact, rtol=EXPM, atol=EXPM)


@pytest.mark.parametrize("time", [0.0, 0.3, 40.0])
def test_the_derivative_in_time_is_the_flow(time):
    problem = ill_conditioned(5)
    reduced = reduce(problem, compress=False)
    rate = jax.jit(jax.jacfwd(lambda time: linear_probing.state_at(reduced, time).head))(jnp.asarray(time))
    design = example_inputs(problem) @ np.asarray(problem.pretrained.features).T
    residual = design @ exponential(problem, time) - example_inputs(problem) @ np.asarray(problem.truth.weights)
    np.testing.assert_allclose(rate, -2 * design.T @ residual, atol=EXPM)


def test_runs_under_vmap():
    reduced = reduced_of(ill_conditioned(3))
    times = jnp.array([0.0, 1.0, 1e3, jnp.inf])
    together = jax.jit(jax.vmap(lambda time: linear_probing.state_at(reduced, time).head))(times)
    alone = jnp.stack([at(reduced, time).head for time in times])
    np.testing.assert_allclose(together, alone, atol=REORDERED)


@pytest.mark.parametrize("exponent", [-0.0099, 0.0099, 1e-5])
def test_the_divided_difference_of_equal_rates_keeps_all_digits(exponent):
    """With x = 2 rate t it is 4 t^2 (exp(-x) (1 + x) - 1) / x^2, which cancels: here its series, summed further."""
    powers = np.arange(2, 14)
    terms = (-1.0) ** (powers - 1) * (powers - 1) / factorial(powers, exact=False) * exponent ** (powers - 2)
    slope = linear_probing._gain_slope(jnp.array([[exponent / 6]]), jnp.array(3.0))
    np.testing.assert_allclose(slope[0, 0], 36 * math.fsum(terms), rtol=ROUNDED)
