"""Linear CKA: what it does not see, what it sees, and both ways to compute it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empirical.distortion import linear_cka

SINGLE = 1e-5  # features are stored in single precision

seeds = st.integers(0, 10_000)


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@given(seeds, st.floats(0.1, 10), st.floats(-5, 5))
def test_turned_scaled_and_shifted_features_are_the_same(seed, scale, shift):
    left, right = normal(seed, 30, 5), normal(seed + 1, 30, 5)
    turn = np.linalg.qr(normal(seed + 2, 5, 5))[0]
    moved = (scale * right @ turn + shift).astype(np.float32)
    assert linear_cka(left, moved) == pytest.approx(linear_cka(left, right), abs=SINGLE)
    assert linear_cka(right, moved) == pytest.approx(1, abs=SINGLE)


@given(seeds)
def test_symmetric_and_between_0_and_1(seed):
    left, right = normal(seed, 30, 5), normal(seed + 1, 30, 7)
    assert linear_cka(left, right) == pytest.approx(linear_cka(right, left), abs=1e-12)
    assert 0 <= linear_cka(left, right) <= 1


@given(seeds)
def test_the_order_of_examples_counts_when_it_differs(seed):
    """CKA compares features of the same examples: it is 1 under a common permutation and small under one alone."""
    features, order = normal(seed, 200, 3), np.random.default_rng(seed).permutation(200)
    assert linear_cka(features[order], features[order]) == pytest.approx(1, abs=SINGLE)
    assert linear_cka(features, features[order]) < 0.3


@given(seeds)
def test_through_examples_or_through_features(seed):
    """Six examples of eight features go through examples, the same ones beside many zeros through features."""
    left, right = normal(seed, 6, 8), normal(seed + 1, 6, 8)
    left, right = left - left.mean(0), right - right.mean(0)
    padding = np.zeros((20, 8), np.float32)
    tall = linear_cka(np.concatenate([left, padding]), np.concatenate([right, padding]))
    assert linear_cka(left, right) == pytest.approx(tall, abs=SINGLE)


def test_features_that_do_not_vary_have_no_similarity():
    assert np.isnan(linear_cka(np.ones((5, 2), np.float32), normal(0, 5, 2)))
