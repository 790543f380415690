"""The lower bounds for several outputs: against the raw flow of networks with two, and against one output."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given
from scipy.optimize import minimize

from simulations.strategies import Shape, problems
from tests.support.two_outputs import ATOL, FEATURES, ID, INPUTS, drawn_outputs, lowest_error
from theory import LinearNetwork, Problem, aligned_truth, feature_error
from theory.bounds import (
    corrected_lower_bound,
    half_space_lower_bound,
    half_space_several_outputs,
    implicit_lower_bound,
    several_outputs_half_space_bound,
)
from theory.bounds.several_outputs import (
    head_alignment_errors,
    several_outputs_corrected_bound,
    several_outputs_implicit_bound,
)
from theory.subspaces import off_subspace_cosine

#: Eigenvalues of Phi cancel where the head is nearly perfect: phi keeps half its digits there.
HALF_DIGITS = 1e-7
#: A bound that is zero is what a few products leave of numbers of the truth's size.
ROUNDING = 1e-12

#: The scan over balances ends a 65th of a 65th from the best one, to which the bound is stationary.
SCANNED = 1e-5
#: What the scan leaves of a best balance near 0: it begins at (1 - 63 / 64)^3, cut in 64.
NEAR_NOTHING = 3e-7

both_bounds = jax.jit(
    lambda *numbers: (several_outputs_implicit_bound(*numbers), several_outputs_corrected_bound(*numbers))
)


def _bounds(frame, features, true_features, head, true_head):
    error = np.linalg.norm(features - true_features, ord=2)
    cosine = off_subspace_cosine(jnp.asarray(features), jnp.asarray(frame))
    return [
        float(bound) for bound in both_bounds(jnp.asarray(head), jnp.asarray(true_head), jnp.asarray(error), cosine)
    ]


@pytest.mark.parametrize("seed", range(12))
def test_an_integrated_network_stays_above_the_bounds(seed):
    drawn = drawn_outputs(seed, spread=[0.0, 1e-3, 0.1][seed % 3])
    implicit, corrected = _bounds(*drawn)
    lowest = lowest_error(*drawn)
    assert lowest >= implicit - ATOL
    assert implicit >= corrected
    assert lowest >= _half_space(*drawn) - ATOL


half_space = jax.jit(several_outputs_half_space_bound)


def _half_space(frame, features, true_features, head, true_head):
    target = true_features.T @ true_head
    return float(half_space(*(jnp.asarray(part) for part in (head, features, frame, target))))


@pytest.mark.parametrize("seed", [2, 9, 14, 15])
def test_a_scan_sixteen_times_as_fine_gains_next_to_nothing(seed, monkeypatch):
    """Also where, as here, the best balance lies before the first that is tried."""
    draw = np.random.default_rng(seed)
    frame, features = np.linalg.qr(draw.normal(size=(7, 2)))[0], np.linalg.qr(draw.normal(size=(7, 3)))[0].T
    drawn = (3 * draw.normal(size=(3, 2)), features, frame, 1.5 * draw.normal(size=(7, 2)))
    drawn = tuple(map(jnp.asarray, drawn))
    monkeypatch.setattr(half_space_several_outputs, "BALANCES", 1025)
    fine = float(jax.jit(lambda *parts: several_outputs_half_space_bound(*parts))(*drawn))
    monkeypatch.undo()
    coarse = float(jax.jit(lambda *parts: several_outputs_half_space_bound(*parts))(*drawn))
    assert coarse == pytest.approx(fine, rel=NEAR_NOTHING)
    assert coarse > 0


@pytest.mark.parametrize("seed", range(4))
def test_a_simplex_search_finds_no_better_direction(seed):
    frame, features, true_features, head, true_head = drawn_outputs(seed, spread=0.1)
    head = 3 * head
    target = true_features.T @ true_head
    unseen = np.linalg.qr(np.concatenate([frame, np.eye(INPUTS)], axis=1))[0][:, ID:]

    def loss(coordinates):
        direction = unseen @ coordinates / np.linalg.norm(coordinates)
        seen = features @ direction
        kept = np.sum((head.T @ seen) ** 2) - np.sum((frame.T @ (features.T @ seen)) ** 2)
        return np.linalg.norm(direction @ target) - np.sqrt(max(kept, 0))

    draw = np.random.default_rng(seed)
    options = {"xatol": 1e-9, "fatol": 1e-12, "maxiter": 10_000, "maxfev": 10_000}
    starts = [draw.normal(size=INPUTS - ID) for _ in range(12)]
    found = -min(minimize(loss, start, method="Nelder-Mead", options=options).fun for start in starts)
    assert found > 0.01
    # Beside it stands what no head reaches: all of the target outside S but its projection on what the features move.
    reached, off_target = (unseen.T @ matrix for matrix in (features.T @ np.hstack([head, features @ frame]), target))
    beyond = off_target - reached @ np.linalg.lstsq(reached, off_target, rcond=None)[0]
    expected = max(found, np.linalg.norm(beyond, ord=2))
    assert _half_space(frame, features, true_features, head, true_head) == pytest.approx(expected, rel=SCANNED)


def test_an_output_of_a_feature_without_weight_counts_whole():
    """Of two perfect features outside S the second has no weight, in no output: it never gets one."""
    features = (
        np.eye(INPUTS)[ID - 1 : ID + 1] * np.array([[0.6], [1.0]]) + np.array([[0.8], [0.0]]) * np.eye(INPUTS)[-1]
    )
    frame, head, true_head = (
        np.eye(INPUTS)[:, :ID],
        np.array([[2.0, 1.0], [0.0, 0.0]]),
        np.array([[1.0, 1.0], [3.0, 4.0]]),
    )
    bound = _half_space(frame, features, features, head, true_head)
    assert bound == pytest.approx(5.0)
    assert lowest_error(frame, features, features, head, true_head) >= bound - ATOL


def perfect_features_and_no_head(size):
    """A small truth along A0, to which fine-tuning finds the way: the bound was 4e-9, whatever the truth's size."""
    features = jnp.array([[-0.6, -0.6, 0.8, 0.0, 0.0], [-0.8, -0.8, -0.6, 0.0, 0.0]])
    features = features.at[:, :2].divide(np.sqrt(2))
    return Problem(
        truth=LinearNetwork(size * jnp.array([-0.6, -0.8]), features),
        pretrained=LinearNetwork(jnp.zeros(2), features),
        id_frame=jnp.eye(5)[:, :1],
        training_covariance=jnp.eye(1),
    )


@pytest.mark.parametrize("size", [1e-6, 1e-3, 1.0])
def test_a_bound_that_is_zero_is_rounding_of_the_truth(size):
    problem = perfect_features_and_no_head(size)
    bound = half_space(jnp.zeros((2, 1)), problem.pretrained.features, problem.id_frame, problem.truth.weights[:, None])
    assert float(bound) <= ROUNDING * size


# With features at a right angle to S and no head, rounding alone decides where heads go.
@example(perfect_features_and_no_head(1e-3))
@given(problems(Shape(5, 2, 1), margin=1e-3))
def test_with_one_output_the_half_space_bound_lacks_the_sign_alone(problem):
    truth = problem.truth.weights[:, None]
    unsigned = half_space(problem.pretrained.head[:, None], problem.pretrained.features, problem.id_frame, truth)
    size = float(jnp.linalg.norm(problem.truth.head) + jnp.linalg.norm(problem.pretrained.head))
    signed = [float(single_half_space(problem.with_head(sign * problem.pretrained.head))) for sign in (1.0, -1.0)]
    # The sign that is worse for the bound; where it says nothing for one, what no head reaches is left.
    assert float(unsigned) <= min(signed) + ROUNDING * size
    assert float(unsigned) >= 0


single_half_space = jax.jit(half_space_lower_bound)


def _orthogonal_outputs(stretch):
    """Perfect features at 0.3 to S; each output has a unit of its own, whose head is stretched by so much."""
    inside, outside = np.eye(INPUTS)[:FEATURES], np.eye(INPUTS)[ID : ID + FEATURES]
    features = np.cos(0.3) * inside + np.sin(0.3) * outside
    true_head = np.diag([0.05, 0.04])
    return np.eye(INPUTS)[:, :ID], features, features, true_head * np.asarray(stretch), true_head


@pytest.mark.parametrize(("stretch", "long"), [((1.4, 1.0), True), ((0.6, 1.0), False), ((1.4, 0.6), True)])
def test_either_sign_of_the_head_error_counts(stretch, long):
    drawn = _orthogonal_outputs(stretch)
    above, below = (float(error) for error in head_alignment_errors(jnp.asarray(drawn[3]), jnp.asarray(drawn[4])))
    assert (above > below) == long
    implicit, corrected = _bounds(*drawn)
    lowest = lowest_error(*drawn)
    assert 0 < corrected <= implicit <= lowest < 1.3 * implicit  # and it is close: small truth, small angle


@given(problems(Shape(5, 2, 1)))
def test_one_output_is_the_bound_for_one_output(problem):
    truth = aligned_truth(problem)
    cosine = off_subspace_cosine(problem.pretrained.features, problem.id_frame)
    several = both_bounds(problem.pretrained.head[:, None], truth.head[:, None], feature_error(problem), cosine)
    one = single_output(problem)
    size = float(jnp.linalg.norm(truth.head) + jnp.linalg.norm(problem.pretrained.head))
    np.testing.assert_allclose(several, one, atol=HALF_DIGITS * size)


single_output = jax.jit(lambda problem: (implicit_lower_bound(problem), corrected_lower_bound(problem)))
