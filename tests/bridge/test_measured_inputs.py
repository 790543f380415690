"""Inks, pretrained features and tasks: what the experiments on measured inputs are made of."""

import jax.numpy as jnp
import numpy as np
import pytest

from bridge.inks import SIDE, handwritten, in_ink, printed
from bridge.measured_task import MeasuredTask
from bridge.pretrained_features import reduced_rank_features
from theory.subspaces import largest_principal_angle

WIDTH, INPUTS, CLASSES, COUNT = 3, 12, 4, 240


def test_digits_and_characters_are_strokes_of_one_size():
    digits, characters = handwritten(), printed(64, seed=0)
    assert digits.ink.shape == (5000, SIDE * SIDE)
    assert characters.ink.shape == (64, SIDE * SIDE)
    for strokes in (digits, characters):
        assert strokes.ink.min() >= 0
        assert strokes.ink.max() <= 1
        assert 0.05 < strokes.ink.mean() < 0.35  # some ink, much paper
    assert np.array_equal(printed(64, seed=0).ink, characters.ink)


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0])
def test_turned_ink_leaves_the_span_of_red_ink_by_the_angle(angle):
    strokes = np.random.default_rng(0).uniform(size=(5, 4))
    red, turned = in_ink(strokes, 0.0), in_ink(strokes, angle)
    for before, after in zip(red, turned, strict=True):
        cosine = before @ after / np.linalg.norm(before) / np.linalg.norm(after)
        assert cosine == pytest.approx(np.cos(np.radians(angle)), abs=1e-12)
    each = in_ink(strokes, np.full(5, angle))
    assert np.array_equal(each, turned)


def separable(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Classes along axes of a plane of WIDTH directions, noise in all."""
    draw = np.random.default_rng(seed)
    labels = np.arange(COUNT) % CLASSES
    centres = np.linalg.qr(draw.normal(size=(INPUTS, WIDTH)))[0] @ draw.normal(size=(WIDTH, CLASSES))
    return centres.T[labels] + 1e-3 * draw.normal(size=(COUNT, INPUTS)), labels


def test_reduced_rank_features_span_the_plane_of_the_class_means():
    inputs, labels = separable(1)
    features = reduced_rank_features(inputs, labels, WIDTH)
    np.testing.assert_allclose(features @ features.T, np.eye(WIDTH), atol=1e-12)
    means = np.stack([inputs[labels == each].mean(0) for each in range(CLASSES)])
    plane = np.linalg.svd(means - means.mean(0))[2][:WIDTH]
    assert float(largest_principal_angle(jnp.asarray(features.T), jnp.asarray(plane.T))) < 0.1


@pytest.fixture(scope="module")
def task() -> MeasuredTask:
    inputs, labels = separable(2)
    inputs = inputs - inputs[:80].mean(0)
    turned = inputs @ np.linalg.qr(np.random.default_rng(3).normal(size=(INPUTS, INPUTS)))[0]
    return MeasuredTask(
        features=reduced_rank_features(inputs, labels, WIDTH),
        training=np.stack([inputs[:80], turned[:80]]), training_labels=labels[:80],
        validation=inputs[80:160], validation_labels=labels[80:160],
        test=np.stack([inputs[160:], turned[160:]]), test_labels=labels[160:], classes=CLASSES,
    )  # fmt: skip


def test_outputs_leave_scores_with_one_sum(task):
    weights = task.features.T @ task.solved_head(task.features, (0,))
    np.testing.assert_allclose(task.scores(weights, task.validation).sum(1), 1.0, atol=1e-12)
    np.testing.assert_allclose(task.outputs @ task.outputs.T, np.eye(CLASSES - 1), atol=1e-12)


def test_a_solved_head_reads_its_own_set_and_not_another(task):
    weights = task.features.T @ task.solved_head(task.features, (0,))
    accuracies = task.accuracies(weights)
    assert accuracies[0] > 0.95 > accuracies[1]
    assert task.validation_error(weights) < task.validation_error(0 * weights)
    refitted = task.refitted_accuracies(np.eye(INPUTS))
    assert refitted.min() > 0.95, "with all inputs as features every set has a head"


def test_the_span_is_that_of_the_mean_loss(task):
    span = task.span
    moment = task.training[0].T @ task.training[0] / len(task.training_labels)
    np.testing.assert_allclose(span.rows.T * span.squares @ span.rows, moment, atol=1e-12)
