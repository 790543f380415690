"""With as many unseen features as outputs a determinant keeps its sign; with fewer nothing does."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tests.support.references import RTOL
from tests.support.two_outputs import ATOL, FEATURES, ID, INPUTS, drawn_outputs, lowest_error
from theory.bounds import several_outputs_half_space_bound
from theory.bounds.determinant import determinant_lower_bound

bound, half_space = jax.jit(determinant_lower_bound), jax.jit(several_outputs_half_space_bound)


def _bound(frame, features, true_features, head, true_head, evaluated=bound):
    target = true_features.T @ true_head
    return float(evaluated(*(jnp.asarray(part) for part in (head, features, frame, target))))


def _on_the_other_side(seed):
    """A long head, and a truth whose outputs are mirrored."""
    frame, features, true_features, head, true_head = drawn_outputs(seed, spread=[0.0, 0.1][seed % 2])
    left, _, right = np.linalg.svd(head)
    head = left @ np.diag([3.0, 2.0]) @ right
    mirrored = true_head * np.array([1.0, -np.sign(np.linalg.det(head) * np.linalg.det(true_head))])
    return frame, features, true_features, head, mirrored


@pytest.mark.parametrize("seed", range(8))
def test_an_integrated_network_stays_on_its_side_of_the_singular_outputs(seed):
    drawn = _on_the_other_side(seed)
    lowest, promised = lowest_error(*drawn), _bound(*drawn)
    assert lowest >= promised - ATOL
    # Mirrored back, the truth is on the side of the head, and nothing is said.
    assert _bound(*drawn[:4], drawn[4] * np.array([1.0, -1.0])) == 0


def test_the_sign_says_more_than_lengths_do():
    drawn = [_on_the_other_side(seed) for seed in range(8)]
    promised, unsigned = [_bound(*one) for one in drawn], [_bound(*one, half_space) for one in drawn]
    assert sum(signed > 1.2 * other for signed, other in zip(promised, unsigned, strict=True)) >= 3


def test_the_bound_is_attained():
    """With features at a right angle to S and a truth that is 0 on S nothing ever moves."""
    frame, features = np.eye(INPUTS)[:, :ID], np.eye(INPUTS)[ID : ID + FEATURES]
    drawn = (frame, features, features, np.diag([2.0, 2.0]), np.diag([2.0, -0.5]))
    assert _bound(*drawn) == pytest.approx(2.5)
    assert lowest_error(*drawn) == pytest.approx(2.5)


def test_with_one_output_the_sign_is_that_of_the_head():
    frame, features = np.eye(INPUTS)[:, :ID], np.eye(INPUTS)[ID : ID + 1]
    head = np.array([[2.0]])
    assert _bound(frame, features, features, head, np.array([[-0.5]])) == pytest.approx(2.5)
    assert _bound(frame, features, features, head, np.array([[0.5]])) == 0


def test_a_head_as_long_as_features_on_the_id_subspace_says_nothing():
    """K = 0 to the last bit: the outputs may come to 0, and turn there."""
    features = np.array([[0.5, np.sqrt(0.75)]])  # a square without rounding
    assert _bound(np.eye(2)[:, :1], features, features, np.array([[0.5]]), np.array([[-1.0]])) == 0


def test_a_head_that_features_on_the_id_subspace_outweigh_says_nothing():
    drawn = _on_the_other_side(0)
    assert _bound(*drawn) > 0
    assert _bound(*drawn[:3], 0.01 * drawn[3], drawn[4]) == 0


@pytest.mark.parametrize("turn", np.linspace(0.1, 6.0, 12))
def test_rounding_of_one_feature_does_not_hide_that_another_turns(turn):
    """Feature 2 sees S by 1e-9 and outweighs a head of 1e-10: its output turns, late, and fine-tuning passes 1.

    K is -1e-18 there, beside a feature of 0.8: as an eigenvalue of the whole form it was 1e-17 half of the time.
    """
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    ids, unseen = rotation @ np.diag([0.8, 1e-9]), rotation @ np.diag([0.6, 1.0])
    frame, features, unit = np.eye(4)[:, :2], np.concatenate([ids, unseen], axis=1), rotation[:, 1]
    target, head = features.T @ -unit, 1e-10 * unit

    def velocity(_, state):
        v, a = state[:2], state[2:].reshape(2, 2)
        error = a.T @ v - target[:2]
        return -2 * np.concatenate([a @ error, np.outer(v, error).ravel()])

    end = solve_ivp(velocity, (0, 1e12), np.concatenate([head, ids.ravel()]), method="LSODA", rtol=RTOL, atol=1e-30)
    tuned = np.concatenate([end.y[2:, -1].reshape(2, 2).T @ end.y[:2, -1], unseen.T @ end.y[:2, -1]])
    assert np.linalg.norm(tuned - target) < 1 - 1e-5
    assert _bound(frame, features, features, head[:, None], -unit[:, None]) == 0


def test_one_feature_turns_its_outputs_past_a_right_angle():
    """k = m = 1 and two outputs: the path fits U, which is at a right angle to V0 or beyond, with a > 0.

    lam = |V0|^2 - a0^2 is positive, and V0 . V starts at |V0|^2, but no bound on it has a sign.
    """

    def turned(target):
        def velocity(_, state):
            head, feature = state[:2], state[2]
            push = target - feature * head
            return np.append(feature * push, head @ push)

        end = solve_ivp(velocity, (0, 200), [1.0, 0.0, 0.6], method="DOP853", rtol=1e-11, atol=1e-12).y[:, -1]
        assert end[2] > 0
        np.testing.assert_allclose(end[2] * end[:2], target, atol=1e-8)
        assert end[:2] @ end[:2] - end[2] ** 2 == pytest.approx(1.0 - 0.36)
        return end[0]

    assert abs(turned(np.array([0.0, 1.0]))) < 1e-8
    assert turned(np.array([-0.3, 1.0])) < -0.1
    frame, features = np.eye(2)[:, :1], np.array([[0.6, 0.8]])
    assert float(bound(jnp.array([[1.0, 0.0]]), features, frame, jnp.array([[0.0, 0.0], [-1.0, 1.0]]))) == 0
