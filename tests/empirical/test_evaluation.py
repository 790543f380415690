"""Evaluation judges every image once, resident or streamed, and the network with a probe's head is the probe."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from artifacts import UserError
from empirical.augment import Transform
from empirical.backbones.classifier import Classifier, Head, random_head
from empirical.evaluation import EvaluationSet, evaluate, evaluation_sets
from empirical.features import extract
from empirical.linear_probe import probe_path
from empirical.metrics import judgement, measures
from empirical.records import Metrics
from tests.support.small_images import CLASSES, Linear, image_set

PLAIN = Transform(crop="resize", side=8)
RANDOM = Transform(crop="random_resized_crop", side=8, flip=True)
BATCH = 16
VALID = (1, 2, 4)
SINGLE = 1e-5

STANDARDISED = Transform(crop="resize", side=8, deviation=(0.2, 0.2, 0.3))

SETS = (
    EvaluationSet(image_set("id_test", 37, seed=1), PLAIN),
    EvaluationSet(image_set("ood", 50, seed=2, side=9), STANDARDISED),
    EvaluationSet(image_set("masked", 21, seed=3, valid=VALID), PLAIN),
)
BACKBONE = Linear(8, 6)
CLASSIFIER = Classifier(BACKBONE, random_head(CLASSES, 6, key=jax.random.key(1)))


def same(got: Metrics, expected: Metrics) -> None:
    assert got.accuracy == expected.accuracy
    assert (got.nll, got.ece) == pytest.approx((expected.nll, expected.ece), rel=1e-4)


def features_of(one: EvaluationSet) -> np.ndarray:
    return extract(BACKBONE, one.images, one.transform, norm_mode="eval", batch_size=7, key=jax.random.key(0)).features


@pytest.mark.parametrize("batches", [1, 2, 16])
@pytest.mark.parametrize("resident_bytes", [0, 40 * 8 * 8 * 3, 2**30])
def test_streamed_or_resident_every_image_counts_once(resident_bytes, batches):
    sets = evaluation_sets(SETS, batch_size=BATCH, batches=batches, resident_bytes=resident_bytes)
    found = evaluate(CLASSIFIER, sets, feature_limit=None)
    assert list(found.sets) == ["id_test", "ood", "masked"]
    for one in SETS:
        name = one.images.name
        result, features = found.sets[name], features_of(one)
        np.testing.assert_allclose(found.features[name], features, atol=SINGLE)
        assert result.count == len(one.images) == len(found.positions[name])
        logits = CLASSIFIER.head(jnp.asarray(features))
        over_all = measures(judgement(logits, one.images.labels))
        if one.images.valid_labels is None:
            assert result.unmasked is None
            same(result, over_all)
        else:
            mask = np.isin(np.arange(CLASSES), VALID)
            same(result, measures(judgement(logits, one.images.labels, mask)))
            same(result.unmasked, over_all)


def test_batches_that_hold_no_image_are_not_looked_at():
    sets = evaluation_sets(SETS, batch_size=BATCH, batches=4)
    images = [len(one.images) for one in SETS]
    assert [chunk.filled for chunk in sets.resident] == [-(-(images[0] + images[2]) // BATCH), -(-images[1] // BATCH)]
    unlike = [chunk._replace(images=chunk.images.at[chunk.filled :].set(255)) for chunk in sets.resident]
    plain, other = (
        evaluate(CLASSIFIER, one, feature_limit=None) for one in (sets, sets._replace(resident=tuple(unlike)))
    )
    assert plain.sets == other.sets


def test_which_sets_stay_on_the_device():
    room = 40 * 8 * 8 * 3  # id_test alone fits, then nothing else that comes before it is full
    assert evaluation_sets(SETS, batch_size=BATCH, resident_bytes=room).streamed == (1, 2)
    drawn = SETS[0]._replace(transform=RANDOM)
    assert evaluation_sets([drawn], batch_size=BATCH).streamed == (0,)


@pytest.mark.parametrize("limit", [0, 1, 10, 1000])
def test_features_of_some_images_are_spread_over_the_set(limit):
    found = evaluate(CLASSIFIER, evaluation_sets(SETS, batch_size=BATCH), feature_limit=limit)
    for one in SETS:
        features, positions = found.features[one.images.name], found.positions[one.images.name]
        assert features.shape == (min(limit, len(one.images)), 6)
        np.testing.assert_allclose(features, features_of(one)[positions], atol=SINGLE)
        gaps = np.diff(positions)
        assert len(gaps) == 0 or gaps.max() - gaps.min() <= 1


@pytest.mark.parametrize("standardisation", ["scalar", "per_dimension"])
def test_the_network_with_the_probes_head_reproduces_the_probes_accuracies(standardisation):
    training = extract(
        BACKBONE, image_set("train", 60, seed=9), PLAIN, norm_mode="eval", batch_size=BATCH, key=jax.random.key(0)
    )
    sets = evaluation_sets(SETS[:2], batch_size=BATCH)
    labels = [one.images.labels for one in SETS[:2]]
    for probe in probe_path(training, classes=CLASSES, penalties=(1e-3, 1.0), standardisation=standardisation):
        head = Head(jnp.asarray(probe.head.weight), jnp.asarray(probe.head.bias))
        found = evaluate(Classifier(BACKBONE, head), sets, feature_limit=None)
        for (name, result), truth in zip(found.sets.items(), labels, strict=True):
            expected = np.mean(np.argmax(probe.head.logits(found.features[name]), axis=1) == truth)
            assert result.accuracy == expected


def test_random_looks_follow_the_key():
    sets = evaluation_sets([SETS[0]._replace(transform=RANDOM)], batch_size=BATCH)
    one, same, other = (
        evaluate(CLASSIFIER, sets, feature_limit=None, key=jax.random.key(seed)).features["id_test"]
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)


def test_impossible_sets_are_refused():
    empty = EvaluationSet(image_set("none", 0, seed=0), PLAIN)
    with pytest.raises(UserError, match="must hold images, got none in none"):
        evaluation_sets([SETS[0], empty])
    with pytest.raises(UserError, match="names of their own"):
        evaluation_sets([SETS[0], SETS[0]])
    with pytest.raises(UserError, match="must be among its valid ones"):
        evaluation_sets([EvaluationSet(replace(image_set("wrong", 9, seed=0), valid_labels=(1,)), PLAIN)])
    few = Classifier(BACKBONE, random_head(CLASSES - 1, 6, key=jax.random.key(1)))
    with pytest.raises(UserError, match="the head belongs to another data set"):
        evaluate(few, evaluation_sets(SETS, batch_size=BATCH))
