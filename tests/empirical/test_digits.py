"""Real digits, split by image."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from artifacts import UserError
from empirical.augment import apply
from empirical.datasets.catalogue import TRANSFORMS
from empirical.datasets.families.digits import (
    DIGITS,
    ID_STYLE,
    LOOKS,
    OOD_SETS,
    PREMISES_MET,
    digits,
    pictures,
)
from empirical.datasets.family import read_dataset
from empirical.datasets.locations import Locations
from empirical.datasets.protocols import CLEAN, Split, indices
from empirical.store import epoch_batches

COUNT = 1797
splits = st.builds(
    Split,
    training=st.integers(1, 900),
    validation=st.integers(1, 400),
    test=st.integers(1, 497),
    seed=st.integers(0, 100),
)


def dataset_of(split: Split, *, replicate: int, ood=None):
    return read_dataset(DIGITS, Locations(), protocol=CLEAN, split=split, replicate=replicate, ood=ood)


@given(splits, st.integers(0, 20))
def test_no_image_is_in_two_splits(split, replicate):
    parts = indices(split, COUNT, replicate=replicate)
    assert [len(part) for part in parts] == [split.training, split.validation, split.test]
    everything = np.concatenate(parts)
    assert len(np.unique(everything)) == len(everything)
    assert everything.min() >= 0
    assert everything.max() < COUNT


@given(splits)
def test_replicates_share_the_test_images_and_no_more(split):
    first, second = (indices(split, COUNT, replicate=replicate) for replicate in (0, 1))
    np.testing.assert_array_equal(first.test, second.test)
    assert not set(second.training) & set(first.test)


def test_a_split_larger_than_the_data_is_refused():
    with pytest.raises(ValueError, match="1797 in all"):
        indices(Split(training=1000, validation=500, test=500), COUNT, replicate=0)


def test_digits_are_the_real_ones():
    source = load_digits()
    strokes, labels = digits()
    np.testing.assert_array_equal(labels, source.target)
    assert strokes.dtype == np.float32
    # Brought back to 8 x 8 cells, a stroke is close to what was scanned; cubic interpolation rings by a few percent.
    cells = strokes.reshape(-1, 8, 4, 8, 4).mean((2, 4))
    assert np.abs(cells - source.images / 16).mean() < 0.06


def test_pictures_are_bytes_and_deterministic():
    strokes = digits().strokes[:8]
    first, second = (pictures(strokes, OOD_SETS[2].style, seed=5) for _ in range(2))
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(pictures(strokes, ID_STYLE, seed=5), pictures(strokes, ID_STYLE, seed=6))


def test_the_near_id_set_is_near_and_the_others_are_far():
    strokes = digits().strokes[:64]
    plain = pictures(strokes, ID_STYLE, seed=0).astype(float)
    gap = {ood.name: np.abs(pictures(strokes, ood.style, seed=1) - plain).mean() for ood in OOD_SETS}
    assert set(gap) - set(PREMISES_MET) == {"near_id"}
    assert all(gap[name] > 2 * gap["near_id"] for name in PREMISES_MET)


def test_the_digits_are_a_data_set_like_every_other():
    split = Split(training=30, validation=20, test=40)
    first, second = (dataset_of(split, replicate=replicate) for replicate in (0, 1))
    assert [one.name for one in first.sets] == ["id_training", "id_validation", "id_test", *list(LOOKS)[1:]]
    assert [len(one) for one in first.sets] == [30, 20, 40] + [40] * len(OOD_SETS)
    _, labels = digits()
    training, _, test = indices(split, COUNT, replicate=0)
    np.testing.assert_array_equal(first.id_training.labels, labels[training])
    for one in first.ood:  # the same digits in another style
        np.testing.assert_array_equal(one.labels, labels[test])
    for one in first.counterparts:  # the training digits in the same style
        np.testing.assert_array_equal(one.labels, labels[training])
    assert first.id_training.fingerprint != second.id_training.fingerprint
    assert first.id_test.fingerprint == second.id_test.fingerprint
    assert first.id_test.images.reference(3) == f"digits, id row {test[3]}"


def test_digits_come_in_batches_and_pass_their_pipeline_unchanged():
    dataset = dataset_of(Split(training=30, validation=20, test=40), replicate=0)
    (batch,) = epoch_batches(dataset.ood[1], np.arange(40), 40)
    np.testing.assert_array_equal(batch.images[7], dataset.ood[1].images[7])
    found = apply(*batch[:2], batch.indices, transform=TRANSFORMS["digits"].evaluation, key=jax.random.key(0))
    np.testing.assert_array_equal(np.round(np.asarray(found) * 255), batch.images)


def test_some_of_the_styles_are_enough():
    dataset = dataset_of(Split(training=30, validation=20, test=40), replicate=0, ood=("inverted", "near_id"))
    assert [one.name for one in dataset.ood] == [one.name for one in dataset.counterparts] == ["inverted", "near_id"]


@pytest.mark.parametrize(("split", "message"), [(None, "have a `split`"), (Split(training=1797), "1797 in all")])
def test_a_pool_needs_a_split_that_it_can_fill(split, message):
    with pytest.raises(UserError, match=message):
        dataset_of(split, replicate=0)
