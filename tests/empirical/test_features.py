"""Feature files are made once, named by what decides them, and made again when damaged."""

import jax
import numpy as np
import pytest
from pydantic import ValidationError

from empirical.augment import Transform
from empirical.backbones.checkpoints import weights_fingerprint
from empirical.features import (
    FEATURE_FILE,
    Extraction,
    FeatureCache,
    extract,
    extracted,
    with_statistics_of,
)
from tests.support.small_images import Linear, image_set

PLAIN = Transform(crop="resize", side=8)
RANDOM = Transform(crop="random_resized_crop", side=8, flip=True)
BACKBONE = Linear(8, 6)
WEIGHTS = weights_fingerprint(BACKBONE)
IMAGES = image_set("train", 37, seed=1)
KEY = jax.random.key(0)
SINGLE = 1e-5


def by_hand(images, transform=PLAIN, mode="eval", batch_size=16, epoch=0):
    return extract(BACKBONE, images, transform, norm_mode=mode, batch_size=batch_size, key=KEY, epoch=epoch)


def test_features_are_in_the_sets_order_whatever_the_batches():
    small, large = by_hand(IMAGES, batch_size=5), by_hand(IMAGES, batch_size=64)
    np.testing.assert_allclose(small.features, large.features, atol=SINGLE)
    np.testing.assert_array_equal(small.labels, IMAGES.labels)
    alone = by_hand(IMAGES.subset(np.array([20]), name="one"))
    np.testing.assert_allclose(alone.features[0], small.features[20], atol=SINGLE)


def test_batch_statistics_come_from_mixed_batches():
    """The set is sorted by class: batches in its order would have each class's own mean taken away."""
    plain, train = by_hand(IMAGES), by_hand(IMAGES, mode="train")
    between = np.var([plain.features[plain.labels == c].mean(0) for c in range(5)], axis=0)
    kept = np.var([train.features[train.labels == c].mean(0) for c in range(5)], axis=0)
    assert np.all(kept > 0.2 * between)


def test_reestimated_statistics_are_those_of_the_images():
    often = IMAGES.subset(np.tile(np.arange(37), 60), name="often")
    network = with_statistics_of(BACKBONE, often, PLAIN, batch_size=37, key=KEY)
    features = by_hand(IMAGES).features
    # The start has faded (0.9^60); means of shuffled batches, averaged with weights that fade, keep 4 % of a deviation.
    distance = np.abs(network.mean - features.mean(0)) / features.std(0)
    assert np.all(distance < 0.2)
    np.testing.assert_array_equal(network.kernel, BACKBONE.kernel)


def test_views_are_different_looks_at_the_same_images():
    found = extracted(BACKBONE, IMAGES, Extraction(transform=RANDOM, views=3))
    looks = found.features.reshape(3, 37, -1)
    np.testing.assert_array_equal(found.labels, np.tile(IMAGES.labels, 3))
    assert not np.allclose(looks[0], looks[1])
    np.testing.assert_array_equal(looks[1], by_hand(IMAGES, RANDOM, batch_size=64, epoch=1).features)


def test_a_second_call_reads_what_the_first_wrote(tmp_path):
    cache, extraction = FeatureCache(tmp_path), Extraction(transform=PLAIN)
    first, made = cache(BACKBONE, IMAGES, extraction, weights=WEIGHTS)
    second, kept = cache(BACKBONE, IMAGES, extraction, weights=WEIGHTS)
    assert (made.built, kept.built) == (True, False)
    np.testing.assert_array_equal(first.features, second.features)
    assert second.features.dtype == np.float32


@pytest.mark.parametrize("damage", [lambda data: data[:-5], lambda data: data[:-1] + b"!", lambda data: b""])
def test_a_damaged_file_is_noticed_and_made_again(tmp_path, damage):
    cache, extraction = FeatureCache(tmp_path), Extraction(transform=PLAIN)
    first, outcome = cache(BACKBONE, IMAGES, extraction, weights=WEIGHTS)
    file = outcome.artifact.path / FEATURE_FILE
    file.write_bytes(damage(file.read_bytes()))
    again, remade = cache(BACKBONE, IMAGES, extraction, weights=WEIGHTS)
    assert remade.built
    assert str(file) in remade.reason
    np.testing.assert_array_equal(again.features, first.features)


def test_whatever_decides_the_features_makes_another_file(tmp_path):
    cache, plain, random = FeatureCache(tmp_path), Extraction(transform=PLAIN), Extraction(transform=RANDOM)
    fresh = BACKBONE.reinitialised(key=KEY)
    asked = [
        (BACKBONE, IMAGES, plain),
        (fresh, IMAGES, plain),
        (BACKBONE, IMAGES.subset(np.arange(36), name="train"), plain),
        (BACKBONE, IMAGES, random),
        (BACKBONE, IMAGES, random.model_copy(update={"seed": 1})),
        (BACKBONE, IMAGES, random.model_copy(update={"views": 2})),
        (BACKBONE, IMAGES, plain.model_copy(update={"norm": "train"})),
        (BACKBONE, IMAGES, plain.model_copy(update={"norm": "reestimated"})),
        (BACKBONE, IMAGES, plain.model_copy(update={"norm": "train", "batch_size": 32})),
    ]
    places = set()
    for backbone, images, extraction in asked:
        _, outcome = cache(backbone, images, extraction, weights=weights_fingerprint(backbone))
        assert outcome.built
        places.add(outcome.artifact.path)
    assert len(places) == len(asked)


def test_what_decides_nothing_makes_no_other_file(tmp_path):
    cache = FeatureCache(tmp_path)
    cache(BACKBONE, IMAGES, Extraction(transform=PLAIN), weights=WEIGHTS)
    for change in ({"seed": 5}, {"batch_size": 3}):
        _, outcome = cache(BACKBONE, IMAGES, Extraction(transform=PLAIN, **change), weights=WEIGHTS)
        assert not outcome.built


@pytest.mark.parametrize("change", [{"views": 0}, {"batch_size": 0}, {"norm": "batch"}, {"looks": 2}])
def test_impossible_settings_are_refused(change):
    with pytest.raises(ValidationError):
        Extraction(transform=PLAIN, **change)
