"""At no time is sqrt(OOD risk) of fine-tuning below the truth's distance to the best half-space `s u . w >= sqrt(lam)`
of directions u orthogonal to the ID subspace, lam = (u . w0)^2 - |P B0^T B0 u|^2.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize

from simulations.strategies import Shape, problems
from tests.support.judging import (
    ALL_BUT_ONE,
    FIXED,
    ONE_DIRECTION,
    ONE_UNIT,
    TWO_FEATURES,
    exact_evidence,
    integrated_evidence,
    judged,
    judged_on,
    lowest_distance,
)
from tests.support.references import central_difference
from theory import LinearNetwork, Problem
from theory.bounds import half_space_lower_bound, implicit_lower_bound
from theory.bounds.half_space import best_direction, half_space_along
from theory.statements.ft_ood_lower_bound import small_truth
from theory.statements.statement import TOLERANCE

NAME = "half_space_lower_bound"
SHAPES = [ONE_DIRECTION, TWO_FEATURES, ONE_UNIT, ALL_BUT_ONE]
#: lam keeps at least four digits where it counts as positive, and its root is small there: 1e-10 of the head.
HALF_SPACE_ATOL = 1e-9
#: A bound of one direction against the best: 1e-14 of rounding, and what bisection and an eigenbasis leave.
OPTIMUM = 1e-9
#: Nelder and Mead's simplex ends where values differ by 1e-12.
SIMPLEX = 1e-6
#: Central differences of fourth order with a step of 1e-4.
DIFFERENCE = 1e-6

bound = jax.jit(half_space_lower_bound)
implicit = jax.jit(implicit_lower_bound)
along = jax.jit(half_space_along)
best = jax.jit(best_direction)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_holds_at_every_time(shape):
    @given(problems(shape, isotropic=True))
    def check(problem):
        assert judged(problem).slack(NAME) >= -TOLERANCE

    check()


@pytest.mark.parametrize("angle", [1e-6, 1e-3, 0.3])
def test_a_direction_that_features_hardly_see_keeps_its_half_space(angle):
    """One feature at a small angle to the ID direction: lam = sin(angle)^2 (v0^2 - cos(angle)^2)."""
    features = jnp.array([[jnp.cos(angle), jnp.sin(angle)]])
    problem = Problem(
        truth=LinearNetwork(jnp.array([-1.0]), features),
        pretrained=LinearNetwork(jnp.array([2.0]), features),
        id_frame=jnp.eye(2)[:, :1],
        training_covariance=jnp.eye(1),
    )
    half_space = along(jnp.array([0.0, 1.0]), problem)
    assert float(half_space.offset) == pytest.approx(np.sin(angle) * np.sqrt(4 - np.cos(angle) ** 2))


@given(problems(ONE_DIRECTION, with_covariances=True))
def test_holds_for_every_ood_second_moment(problem):
    assert judged(problem).slack(NAME) >= -TOLERANCE


@given(problems(TWO_FEATURES), arrays(float, TWO_FEATURES.input_dim, elements={"min_value": -1, "max_value": 1}))
def test_every_direction_keeps_the_weights_in_its_half_space(problem, direction):
    half_space = along(jnp.asarray(direction), problem)
    size = float(jnp.linalg.norm(problem.pretrained.head)) + float(jnp.linalg.norm(problem.truth.head))
    weights = jax.vmap(lambda network: network.weights)(exact_evidence(problem).fine_tuning)
    assert jnp.min(weights @ half_space.normal) >= half_space.offset - HALF_SPACE_ATOL * size


@given(problems(Shape(6, 3, 2)), arrays(float, 6, elements={"min_value": -1, "max_value": 1}))
def test_no_direction_is_better_than_the_best(problem, direction):
    chosen = along(jnp.asarray(direction), problem)
    size = float(jnp.linalg.norm(problem.pretrained.head)) + float(jnp.linalg.norm(problem.truth.head))
    distance = chosen.offset - chosen.normal @ problem.truth.weights
    assert distance <= bound(problem) + (OPTIMUM + HALF_SPACE_ATOL) * size


@pytest.mark.parametrize("shape", [Shape(5, 2, 2), Shape(6, 3, 1)], ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_a_simplex_search_finds_nothing_better_for_any_second_moment(shape, seed):
    problem = _generic(seed, shape, covariance=seed % 2 == 1)
    features, frame, head = (
        np.asarray(part) for part in (problem.pretrained.features, problem.id_frame, problem.pretrained.head)
    )
    unseen = np.linalg.qr(np.concatenate([frame, np.eye(frame.shape[0])], axis=1))[0][:, frame.shape[1] :]
    inverse = np.eye(frame.shape[0]) if seed % 2 == 0 else np.linalg.inv(problem.ood_covariance)

    def loss(coordinates):
        direction = unseen @ coordinates
        seen = features @ direction
        kept = (seen @ head) ** 2 - np.sum((frame.T @ (features.T @ seen)) ** 2)
        distance = np.sqrt(max(kept, 0)) - np.sign(seen @ head) * (direction @ np.asarray(problem.truth.weights))
        return -distance / np.sqrt(direction @ inverse @ direction) if kept > 0 else 0.0

    draw = np.random.default_rng(seed)
    options = {"xatol": 1e-9, "fatol": 1e-12, "maxiter": 10_000, "maxfev": 10_000}
    starts = [draw.normal(size=unseen.shape[1]) for _ in range(8)]
    found = -min(minimize(loss, start, method="Nelder-Mead", options=options).fun for start in starts)
    assert found > 0.1
    assert float(bound(problem)) == pytest.approx(found, rel=SIMPLEX)


def _generic(seed: int, shape: Shape, *, covariance: bool = False) -> Problem:
    """A head longer than the truth, imperfect features."""
    draw = np.random.default_rng(seed)
    d, k, m = shape
    frame, features = (np.linalg.qr(draw.normal(size=(d, columns)))[0] for columns in (m, k))
    truth = np.linalg.qr(features + 0.1 * draw.normal(size=(d, k)))[0]
    root = draw.normal(size=(d, d))
    return Problem(
        truth=LinearNetwork(jnp.asarray(draw.normal(size=k)), jnp.asarray(truth.T)),
        pretrained=LinearNetwork(jnp.asarray(3 * draw.normal(size=k)), jnp.asarray(features.T)),
        id_frame=jnp.asarray(frame),
        training_covariance=jnp.eye(m),
        ood_covariance=jnp.asarray(root @ root.T / d + 0.1 * np.eye(d)) if covariance else None,
    )


def _second_feature_asleep(head: float) -> Problem:
    """Perfect features, the second one outside the ID subspace with no weight on it: it never gets one."""
    features = jnp.array([[0.0707372, 0.99749499, 0.0], [0.0, 0.0, 1.0]])
    features /= jnp.linalg.norm(features, axis=1, keepdims=True)
    return Problem(
        truth=LinearNetwork(jnp.array([-0.3846, -0.9231]), features),
        pretrained=LinearNetwork(jnp.array([head, 0.0]), features),
        id_frame=jnp.eye(3)[:, :1],
        training_covariance=jnp.eye(1),
    )


@pytest.mark.parametrize(
    ("head", "along_first"),
    # Of the wrong sign it stops at 0.0707; of the right one, or short, nothing is said about the first feature.
    [(0.1, 0.3846 * 0.99749499 + 0.0707), (-0.1, 0.0), (0.0, 0.0), (0.05, 0.0)],
)
def test_a_feature_that_gets_no_weight_counts_whole(head, along_first):
    """The hyperboloid is flat here, so that its best direction is a limit of valid ones; or there is none at all."""
    problem = _second_feature_asleep(head)
    assert float(bound(problem)) == pytest.approx(np.hypot(0.9231, along_first), rel=1e-3 if along_first else 1e-12)
    assert float(bound(problem)) <= lowest_distance(problem)


@given(problems(TWO_FEATURES, margin=1e-3), st.booleans())
def test_is_no_less_than_what_no_head_reaches(problem, heads_are_asleep):
    if heads_are_asleep:
        problem = problem.with_head(jnp.zeros(2))
    features, frame = np.asarray(problem.pretrained.features), np.asarray(problem.id_frame)
    moving = np.column_stack([problem.pretrained.head, features @ frame])
    off = np.eye(frame.shape[0]) - frame @ frame.T
    target = off @ np.asarray(problem.truth.weights)
    reached = off @ features.T @ moving
    nearest = reached @ np.linalg.lstsq(reached, target, rcond=1e-12)[0]
    size = float(jnp.linalg.norm(problem.pretrained.head)) + float(jnp.linalg.norm(problem.truth.head))
    assert bound(problem) >= np.linalg.norm(target - nearest) - HALF_SPACE_ATOL * size


def test_a_truth_that_lies_almost_within_reach_is_seen():
    """A 42,000th of it is out of reach: rounding of the rest must not tilt the one direction that tells."""
    half = 0.5**0.5
    features = jnp.array([[-0.6 * half, -0.6 * half, 0.8, 0.0, 0.0], [-0.8 * half, -0.8 * half, -0.6, 0.0, 0.0]])
    true_features = features.at[0].set(jnp.array([-0.41717188, -0.43131383, 0.79996, 0.0, 0.0]))
    problem = Problem(
        truth=LinearNetwork(head=jnp.array([-0.6, -0.8]), features=true_features),
        pretrained=LinearNetwork(head=jnp.zeros(2), features=features),
        id_frame=jnp.eye(5)[:, :1],
        training_covariance=jnp.eye(1),
    )
    assert bound(problem) == pytest.approx(2.4e-5, rel=1e-9)


@pytest.mark.parametrize("number", [0.0, 0.6, 1.0])
def test_vanishes_for_a_perfect_head_and_for_features_inside_the_id_subspace(number):
    assert float(bound(small_truth(number, 0.5, 0.5))) == 0
    assert float(bound(small_truth(1.0, 0.5, number))) == 0


def test_does_not_need_every_feature_to_be_visible():
    """c = 0: one feature inside the ID subspace, where the other bounds say nothing."""
    features = jnp.array([[1.0, 0.0, 0.0, 0.0], [0.0, 0.6, 0.8, 0.0]])
    problem = Problem(
        truth=LinearNetwork(jnp.array([1.0, 0.5]), features),
        pretrained=LinearNetwork(jnp.array([1.0, 3.0]), features),
        id_frame=jnp.eye(4)[:, :2],
        training_covariance=jnp.eye(2),
    )
    assert float(implicit(problem)) == 0
    assert float(bound(problem)) > 1


def test_sees_the_sign_of_the_head():
    """v0 = -v* has phi = 0, where the other bounds say nothing; fine-tuning cannot turn it, and ends far away."""
    problem = small_truth(0.6, 2.0, -2.0)
    assert float(implicit(problem)) == 0
    assert 1 <= lowest_distance(problem) / float(bound(problem)) < 1.05


def test_is_attained_as_the_angle_to_the_id_subspace_becomes_a_right_one():
    ratios = [lowest_distance(problem) / float(bound(problem)) for problem in map(_nearly_unseen, (0.3, 0.1, 0.03))]
    assert ratios[0] > ratios[1] > ratios[2] >= 1 - TOLERANCE
    assert ratios[2] < 1.01


def _nearly_unseen(sine: float) -> Problem:
    return small_truth(sine, 1.0, 3.0)


def test_grows_with_the_number_of_features():
    """A random head is longer the more features there are; half of every feature is unseen."""
    values = []
    for k in (1, 4, 16, 64):
        features = jnp.asarray(np.concatenate([np.eye(k), np.eye(k)], axis=1) / np.sqrt(2))
        problem = Problem(
            truth=LinearNetwork(jnp.asarray(np.eye(k)[0]), features),
            pretrained=LinearNetwork(jnp.asarray(np.full(k, 3.0)), features),
            id_frame=jnp.asarray(np.eye(2 * k)[:, :k]),
            training_covariance=jnp.asarray(np.eye(k)),
        )
        values.append(float(bound(problem)))
    assert values == sorted(values)
    # |v0| grows like sqrt(k), by a factor of 8.
    assert values[3] > 7 * values[0]


@pytest.mark.parametrize("name", FIXED)
def test_an_integrated_network_agrees(name):
    assert judged_on(integrated_evidence(name)).slack(NAME) >= -TOLERANCE


def test_gradients_agree_with_finite_differences():
    problem = _generic(0, Shape(5, 2, 2))

    def value(scale):
        return half_space_lower_bound(problem.with_head(scale * problem.pretrained.head))

    exact, expected = jax.jit(jax.grad(value))(1.0), central_difference(jax.jit(value), 1.0, 1e-4)
    assert float(exact) == pytest.approx(float(expected), rel=DIFFERENCE)


def test_the_best_direction_is_orthogonal_to_the_id_subspace():
    problem = _generic(2, Shape(5, 2, 2))
    np.testing.assert_allclose(problem.id_frame.T @ best(problem), 0, atol=1e-14)
