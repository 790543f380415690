"""Projectors, principal angles and feature distances, against SciPy and against what they were built from."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import subspace_angles

from simulations.strategies import angles, frames, orthogonal_matrices
from theory.subspaces import (
    aligning_rotation,
    complement,
    feature_distance,
    largest_principal_angle,
    off_projection,
    off_subspace_cosine,
    on_subspace_cosine,
    principal_angles,
    projection,
)

#: A handful of products and one SVD of orthonormal matrices, in double precision.
ATOL = 1e-14
#: SciPy chooses between sine and cosine by the order of the other's singular values and so may take the sine near a
#: right angle, where it sees nothing below the square root of some roundings: 3.3e-8 was found for a right angle.
#: Angles by construction, and cosines as singular values, are the sharper tests.
SCIPY = 1e-7
#: Angles and distances from exact zeros, relative to themselves; zero itself is right to one rounding.
RELATIVE, ZERO = 1e-12, 1e-15

angles_between = jax.jit(principal_angles)
distance = jax.jit(feature_distance)
rotation_between = jax.jit(aligning_rotation)
off_cosine, on_cosine = jax.jit(off_subspace_cosine), jax.jit(on_subspace_cosine)


def frames_at(angle: tuple[float, float], rotation: np.ndarray) -> tuple[jax.Array, jax.Array]:
    """Two frames of planes in R^5 that meet at these angles, in the coordinates of a rotation."""
    right = np.zeros((5, 2))
    for column, value in enumerate(angle):
        right[column, column] = 0.0 if value == np.pi / 2 else np.cos(value)
        right[column + 2, column] = np.sin(value)
    return jnp.asarray(rotation @ np.eye(5, 2)), jnp.asarray(rotation @ right)


@given(frames(6, 2), frames(6, 3))
def test_principal_angles_agree_with_scipy(left, right):
    found = angles_between(jnp.asarray(left), jnp.asarray(right))
    np.testing.assert_allclose(found, subspace_angles(left, right), atol=SCIPY)
    cosines = np.linalg.svd(left.T @ right, compute_uv=False)
    np.testing.assert_allclose(np.sort(np.cos(found)), np.sort(cosines), atol=10 * ATOL)
    np.testing.assert_allclose(found, angles_between(jnp.asarray(right), jnp.asarray(left)), atol=ATOL)


@given(st.tuples(angles(), angles()), orthogonal_matrices(5))
def test_principal_angles_are_those_of_the_construction(angle, rotation):
    left, right = frames_at(angle, rotation)
    np.testing.assert_allclose(angles_between(left, right), sorted(angle, reverse=True), atol=10 * ATOL)


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-10, 1e-5, np.pi / 4, np.pi / 2 - 1e-10, np.pi / 2])
def test_repeated_and_extreme_angles(angle):
    # A plane rotation with exact zeros: nothing is lost that the angle itself does not lose.
    left, right = frames_at((angle, angle), np.eye(5))
    np.testing.assert_allclose(principal_angles(left, right), [angle, angle], rtol=RELATIVE, atol=ZERO)
    assert largest_principal_angle(left, right) == pytest.approx(angle, rel=RELATIVE, abs=ZERO)


@given(frames(6, 2), frames(6, 3))
def test_projections_split_a_vector(frame, vectors):
    frame, vectors = jnp.asarray(frame), jnp.asarray(vectors)
    inside, outside = projection(frame, vectors), off_projection(frame, vectors)
    np.testing.assert_allclose(inside + outside, vectors, atol=ATOL)
    np.testing.assert_allclose(frame.T @ outside, 0, atol=ATOL)
    np.testing.assert_allclose(complement(frame).T @ inside, 0, atol=ATOL)
    np.testing.assert_allclose(complement(frame).T @ complement(frame), np.eye(4), atol=ATOL)


@given(frames(6, 2), frames(6, 3))
def test_cosines_are_those_of_the_largest_angles_to_either_subspace(rows, id_frame):
    features, id_frame = jnp.asarray(rows.T), jnp.asarray(id_frame)
    outside = np.linalg.qr(np.asarray(id_frame), mode="complete")[0][:, 3:]
    expected = [np.linalg.svd(subspace.T @ rows, compute_uv=False)[-1] for subspace in (outside, np.asarray(id_frame))]
    found = off_cosine(features, id_frame), on_cosine(features, id_frame)
    np.testing.assert_allclose(found, expected, atol=10 * ATOL)


@given(frames(5, 3), frames(5, 3))
def test_some_feature_direction_lies_inside_a_large_id_subspace(rows, id_frame):
    # k = 3 > d - m = 2: theta_max through min(k, d - m) angles would not notice.
    assert off_cosine(jnp.asarray(rows.T), jnp.asarray(id_frame)) <= 10 * ATOL


def test_a_large_id_subspace_is_not_noticed_by_the_angle():
    features, id_frame = jnp.eye(3)[:2], jnp.eye(3)[:, 1:]
    assert off_subspace_cosine(features, id_frame) == 0
    assert largest_principal_angle(features.T, complement(id_frame)) == pytest.approx(0, abs=ZERO)


def test_more_features_than_id_directions_leave_one_unseen():
    assert on_subspace_cosine(jnp.eye(4)[:2], jnp.eye(4)[:, :1]) == 0


@given(frames(5, 2), frames(5, 2), st.floats(0, 2 * np.pi), st.booleans())
def test_no_rotation_comes_closer_than_the_aligning_one(left, right, angle, reflected):
    left, right = jnp.asarray(left.T), jnp.asarray(right.T)
    shortest = distance(left, right)
    aligned = rotation_between(left, right) @ right
    np.testing.assert_allclose(np.linalg.norm(left - aligned, ord=2), shortest, atol=10 * ATOL)
    cosine, sine = np.cos(angle), np.sin(angle)
    other = np.array([[cosine, -sine], [sine, cosine]]) @ np.diag([1.0, -1.0 if reflected else 1.0])
    assert np.linalg.norm(left - other @ right, ord=2) >= shortest - 10 * ATOL


@given(frames(5, 2), orthogonal_matrices(2), orthogonal_matrices(2))
def test_distance_ignores_rotations_of_the_features(rows, left, right):
    features = jnp.asarray(rows.T)
    assert distance(left @ features, right @ features) <= 10 * ATOL


@given(frames(5, 2), frames(5, 2), frames(5, 2))
def test_distance_is_a_metric(first, second, third):
    first, second, third = (jnp.asarray(frame.T) for frame in (first, second, third))
    np.testing.assert_allclose(distance(first, second), distance(second, first), atol=ATOL)
    assert distance(first, third) <= distance(first, second) + distance(second, third) + ATOL


@pytest.mark.usefixtures("unchecked")
def test_features_of_other_numbers_have_no_distance():
    with pytest.raises(ValueError, match=r"must have one shape, got \(2, 5\) and \(3, 5\)"):
        feature_distance(jnp.eye(5)[:2], jnp.eye(5)[:3])


@pytest.mark.usefixtures("unchecked")
def test_features_and_frame_must_lie_in_one_space():
    with pytest.raises(ValueError, match=r"must have as many rows \(d\), got 5 and 4"):
        on_subspace_cosine(jnp.eye(5)[:2], jnp.eye(4)[:, :3])


@pytest.mark.parametrize("error", [0.0, 1e-15, 1e-10, 1e-3, 1.0, np.sqrt(2)])
def test_small_distances_keep_their_digits(error):
    left, right = frames_at((2 * np.arcsin(error / 2), 0.0), np.eye(5))
    assert feature_distance(left.T, right.T) == pytest.approx(error, rel=RELATIVE, abs=ZERO)
