"""Feature distances and subspaces against independent formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empirical.distortion import energy_outside, feature_movement, paired_distance, principal_angles, principal_span

seeds = st.integers(0, 10_000)


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@given(seeds)
def test_features_that_stay_have_not_moved(seed):
    features = normal(seed, 9, 4)
    assert feature_movement(features, features) == pytest.approx((0, 0, 0, 1), abs=1e-12)


@given(seeds, st.floats(0.5, 2))
def test_movement_by_hand(seed, step):
    before = normal(seed, 9, 4)
    after = before + np.float32(step) * np.array([0, 0, 1, 0], np.float32)
    movement = feature_movement(before, after)
    assert movement.mean_squared == pytest.approx(step**2 / 4, rel=1e-5)
    assert movement.euclidean == pytest.approx(step, rel=1e-5)


@given(seeds, st.floats(0.5, 2))
def test_growing_is_no_turning(seed, factor):
    features = normal(seed, 9, 4)
    assert feature_movement(features, np.float32(factor) * features).cosine == pytest.approx(0, abs=1e-6)


def test_a_dead_feature_vector_counts_as_unmoved_in_angle():
    assert feature_movement(np.zeros((2, 3), np.float32), np.ones((2, 3), np.float32)).cosine == 0


@given(seeds, st.floats(0.1, 1.4))
def test_a_turned_plane_has_the_angle_it_was_turned_by(seed, angle):
    plane = normal(seed, 40, 1) * np.array([1, 0, 0], np.float32)
    turned = normal(seed, 40, 1) * np.array([np.cos(angle), np.sin(angle), 0], np.float32)
    assert principal_angles(plane, turned, dim=1)[0] == pytest.approx(angle, abs=1e-5)


@given(seeds)
def test_energy_outside_a_span(seed):
    inside = normal(seed, 30, 2) @ np.array([[1, 0, 0, 0], [0, 1, 0, 0]], np.float32)
    span = principal_span(inside)
    assert energy_outside(inside, span) == pytest.approx(0, abs=0.02)  # the span keeps 99 % of the energy
    away = inside.mean(0) + np.array([[0, 0, 3, 4]], np.float32)
    assert energy_outside(away, span) == pytest.approx(1, abs=1e-6)


def test_paired_distance_of_noise_as_large_as_the_spread_is_one():
    features = normal(0, 4000, 3)
    assert paired_distance(features, features + normal(1, 4000, 3)) == pytest.approx(1, abs=0.03)
