"""Accuracy, likelihood and calibration against plain loops, and the paper's masking."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empirical.metrics import (
    BINS,
    Judgement,
    accuracy,
    expected_calibration_error,
    judgement,
    measures,
    negative_log_likelihood,
)

COUNT, CLASSES = 40, 6
VALID = jnp.array([True, False, True, False, False, True])
SINGLE = 1e-5  # single precision, logits below ten

seeds = st.integers(0, 10_000)


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, CLASSES, COUNT)
    return (3 * draw.normal(size=(COUNT, CLASSES)) + 2 * np.eye(CLASSES)[labels]).astype(np.float32), labels


def probabilities(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
    return shifted / shifted.sum(1, keepdims=True)


@given(seeds)
def test_by_hand(seed):
    logits, labels = drawn(seed)
    p = probabilities(logits)
    assert accuracy(logits, labels) == np.mean([np.argmax(row) == label for row, label in zip(p, labels, strict=True)])
    expected = -np.mean([np.log(row[label]) for row, label in zip(p, labels, strict=True)])
    assert negative_log_likelihood(logits, labels) == pytest.approx(expected, rel=SINGLE)


@given(seeds)
def test_calibration_error_by_hand_and_its_bounds(seed):
    logits, labels = drawn(seed)
    p = probabilities(logits)
    confidence, right = p.max(1), p.argmax(1) == labels
    error = 0.0
    for low in np.arange(BINS) / BINS:
        inside = (confidence >= low) & (confidence < low + 1 / BINS)
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    found = expected_calibration_error(logits, labels)
    assert found == pytest.approx(error, abs=1 / COUNT)  # a confidence on the edge of two bins may fall to either
    assert abs(right.mean() - confidence.mean()) - SINGLE <= found <= 1


@given(seeds)
def test_masking_is_prediction_among_the_valid_classes_alone(seed):
    """As the paper does it: arg-max over the valid columns, mapped back to the full index."""
    logits, labels = drawn(seed)
    columns = np.flatnonzero(VALID)
    labels = columns[labels % len(columns)]
    kept = logits[:, columns]
    assert accuracy(logits, labels, VALID) == np.mean(columns[kept.argmax(1)] == labels)
    within = negative_log_likelihood(kept, np.searchsorted(columns, labels))
    assert negative_log_likelihood(logits, labels, VALID) == pytest.approx(within, rel=SINGLE)
    assert accuracy(logits, labels, VALID) >= accuracy(logits, labels)
    assert negative_log_likelihood(logits, labels, VALID) <= negative_log_likelihood(logits, labels) + SINGLE


@given(seeds)
def test_rows_of_masks_are_masks(seed):
    logits, labels = drawn(seed)
    labels = np.flatnonzero(VALID)[labels % 3]
    one, each = (judgement(logits, labels, mask) for mask in (VALID, jnp.tile(VALID, (COUNT, 1))))
    assert measures(one) == measures(each)


@given(seeds, st.floats(-50, 50))
def test_equal_shifts_of_all_logits_change_nothing(seed, shift):
    logits, labels = drawn(seed)
    moved = (logits + np.float32(shift)).astype(np.float32)
    assert negative_log_likelihood(moved, labels) == pytest.approx(negative_log_likelihood(logits, labels), rel=1e-4)


def test_a_sure_and_right_classifier_has_no_error():
    labels = np.arange(CLASSES)
    found = measures(judgement(jnp.asarray(100.0 * np.eye(CLASSES)), labels))
    assert (found.accuracy, found.nll, found.ece) == pytest.approx((1, 0, 0), abs=1e-12)


def test_half_precision_logits_are_judged_in_single():
    logits, labels = drawn(0)
    assert judgement(jnp.asarray(logits, jnp.bfloat16), labels).nll.dtype == jnp.float32


def test_fifteen_bins_the_last_of_which_holds_what_is_wholly_sure():
    def error(*predictions: tuple[bool, float]) -> float:
        correct, confidence = map(np.array, zip(*predictions, strict=True))
        return measures(Judgement(correct, confidence.astype(np.float32), np.zeros(len(correct), np.float32))).ece

    # 14/15 = 0.933 begins the last bin: 0.936, 0.95 and 1 are averaged there, 0.93 is not.
    assert error((False, 0.936), (True, 0.95)) == pytest.approx(abs(1 - 0.936 - 0.95) / 2, abs=SINGLE)
    assert error((False, 1.0), (True, 0.95)) == pytest.approx(abs(1 - 1.0 - 0.95) / 2, abs=SINGLE)
    assert error((False, 0.93), (True, 0.95)) == pytest.approx((0.93 + 0.05) / 2, abs=SINGLE)


def test_scores_that_are_no_numbers_give_means_that_are_none():
    """Whoever judges refuses them by the mean; nothing fails before."""
    logits = np.zeros((3, CLASSES), np.float32)
    logits[1] = np.nan
    found = measures(judgement(jnp.asarray(logits), np.zeros(3, np.int32)))
    assert np.isnan(found.nll)
    assert np.isnan(found.ece)
