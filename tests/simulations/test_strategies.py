"""The strategies keep their promises: premises by construction, corners within reach, plain when shrunk."""

import jax
import numpy as np
import pytest
from hypothesis import Phase, find, given, settings

from simulations.strategies import (
    Shape,
    angles,
    certified_problems,
    covariances,
    feature_errors,
    frames,
    heads,
    orthogonal_matrices,
    problems,
    scales,
)
from theory import aligned_truth, feature_error, truth_norm
from theory.bounds import lp_beats_ft, lp_ft_beats_ft
from theory.bounds.lp_ft import lp_ft_stays_close
from theory.subspaces import off_subspace_cosine, on_subspace_cosine, principal_angles

#: A few matrix products and one linear solve of condition below 100, in double precision.
ATOL = 1e-13
#: Corners are one draw in ten or so.
SEARCH = settings(max_examples=2000, derandomize=True, database=None, phases=[Phase.generate])
SHRINK = settings(SEARCH, max_examples=200, phases=[Phase.generate, Phase.shrink])
#: Everything, k = 1, k = m, m = 1, m = d - 1, k > d - m, k > m, overparameterised.
SHAPES = [Shape(2, 1, 1), Shape(3, 2, 2), Shape(5, 2, 1), Shape(4, 1, 3), Shape(8, 2, 4), Shape(5, 4, 3)]
TRUTH = np.array([0.6, 0.8])

measured = jax.jit(
    lambda problem: (
        off_subspace_cosine(problem.pretrained.features, problem.id_frame),
        on_subspace_cosine(problem.pretrained.features, problem.id_frame),
        feature_error(problem),
        aligned_truth(problem),
    )
)
certified = jax.jit(lambda problem: (lp_beats_ft(problem), lp_ft_beats_ft(problem), lp_ft_stays_close(problem)))


def plainest(strategy):
    """What a strategy shrinks to."""
    return find(strategy, lambda value: True, settings=SHRINK)


def found(strategy, corner):
    """A drawn value in a corner; `find` fails where there is none."""
    return find(strategy, corner, settings=SEARCH)


@given(orthogonal_matrices(4), frames(5, 3))
def test_frames_are_orthonormal(matrix, frame):
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(4), atol=ATOL)
    np.testing.assert_allclose(frame.T @ frame, np.eye(3), atol=ATOL)


def test_frames_shrink_to_the_identity_and_reach_both_determinants():
    np.testing.assert_array_equal(plainest(orthogonal_matrices(4)), np.eye(4))
    np.testing.assert_array_equal(plainest(frames(5, 2)), np.eye(5)[:, :2])
    assert np.linalg.det(found(orthogonal_matrices(3), lambda matrix: np.linalg.det(matrix) < 0)) < 0
    assert found(orthogonal_matrices(1), lambda matrix: matrix[0, 0] < 0) == -1


@given(angles(), angles(0.1), scales(), feature_errors())
def test_numbers_stay_in_their_ranges(angle, inner, scale, error):
    assert 0 <= angle <= np.pi / 2
    assert 0.1 <= inner <= np.pi / 2 - 0.1
    assert 1e-3 * (1 - ATOL) <= scale <= 1e3 * (1 + ATOL)
    assert 0 <= error <= np.sqrt(2)


@pytest.mark.parametrize(
    ("strategy", "plain", "corners"),
    [
        (angles(), np.pi / 4, [lambda x: x == 0, lambda x: x == np.pi / 2, lambda x: 0 < x < 1e-8]),
        (scales(), 1.0, [lambda x: x > 900, lambda x: x < 1.1e-3]),
        (feature_errors(), 0.0, [lambda x: 0 < x < 1e-10, lambda x: x == np.sqrt(2), lambda x: 0.2 < x < 1]),
    ],
    ids=["angles", "scales", "feature errors"],
)
def test_numbers_reach_their_corners_and_shrink(strategy, plain, corners):
    assert plainest(strategy) == plain
    for corner in corners:
        assert corner(found(strategy, corner))


@given(covariances(3))
def test_covariances_are_symmetric_and_positive_definite(covariance):
    np.testing.assert_array_equal(covariance, covariance.T)
    assert np.linalg.eigvalsh(covariance)[0] > 0


def test_covariances_reach_isotropy_repetition_and_spread():
    def gaps(covariance):
        return np.diff(np.log(np.linalg.eigvalsh(covariance)))

    np.testing.assert_array_equal(plainest(covariances(3)), np.eye(3))
    assert found(covariances(3), lambda c: np.array_equal(c, c[0, 0] * np.eye(3)) and c[0, 0] > 10)[0, 0] > 10
    assert found(covariances(3), lambda c: gaps(c).min() < 1e-9 and gaps(c).max() > 1) is not None
    assert found(covariances(3), lambda c: gaps(c).sum() > np.log(1e3) and gaps(c).min() > 0.1) is not None


def test_heads_take_every_position():
    def overlap(head):
        return head @ TRUTH / np.linalg.norm(head) if head.any() else 0.0

    assert not plainest(heads(TRUTH)).any()
    for corner in (
        lambda head: overlap(head) > 1 - 1e-12 and np.linalg.norm(head) > 100,
        lambda head: overlap(head) < -1 + 1e-12 and np.linalg.norm(head) < 0.01,
        lambda head: 0 < np.abs(head - TRUTH).max() < 1e-6,
        lambda head: 0 < abs(overlap(head)) < 0.5,
    ):
        assert corner(found(heads(TRUTH), corner))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_problems_meet_the_premises_and_their_truth_is_aligned_as_promised(shape):
    # `Problem` itself checks frames and covariances, in the constructor.
    @given(problems(shape, with_covariances=True))
    @settings(max_examples=15)
    def check(problem):
        assert (problem.input_dim, problem.feature_dim, problem.id_dim) == shape
        off, on, error, truth = measured(problem)
        assert (off < ATOL) or shape.feature_dim <= shape.input_dim - shape.id_dim
        assert (on < ATOL) or shape.feature_dim <= shape.id_dim
        assert 0 <= error <= np.sqrt(2) + ATOL
        np.testing.assert_allclose(np.linalg.norm(truth.head), truth_norm(problem), rtol=ATOL)

    check()


def test_problems_reach_their_corners():
    shape = Shape(5, 2, 1)
    for corner in (
        lambda off, on, error, truth: off == 0,
        lambda off, on, error, truth: error == 0 and 0.1 < off < 0.9,
        lambda off, on, error, truth: error > 1.41,
        lambda off, on, error, truth: 0 < error < 1e-8,
        lambda off, on, error, truth: np.linalg.norm(truth.head) > 500,
    ):
        assert corner(*measured(found(problems(shape), lambda problem, corner=corner: corner(*measured(problem)))))


def test_problems_shrink_to_the_plainest():
    problem = plainest(problems(Shape(2, 1, 1)))
    assert problem.pretrained.head == 0
    assert problem.truth.head == 1
    np.testing.assert_array_equal(problem.id_frame, [[1], [0]])
    np.testing.assert_array_equal(problem.truth.features, problem.pretrained.features)
    np.testing.assert_allclose(problem.pretrained.features, [[np.sqrt(0.5), np.sqrt(0.5)]], rtol=ATOL)


@given(problems(Shape(8, 2, 4), margin=0.2))
def test_a_margin_keeps_angles_away_from_their_ends(problem):
    between = principal_angles(problem.pretrained.features.T, problem.id_frame)
    assert (between > 0.2 - ATOL).all()
    assert (between < np.pi / 2 - 0.2 + ATOL).all()


@pytest.mark.parametrize("shape", [Shape(4, 1, 1), Shape(8, 2, 4)], ids=str)
def test_certified_problems_meet_every_certificate(shape):
    @given(certified_problems(shape))
    def check(problem):
        assert all(certified(problem))

    check()
