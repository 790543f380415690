"""Real digits, split by image."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from artifacts import UserError
from artifacts.mnist import mnist
from empirical.augment import apply
from empirical.datasets.catalogue import TRANSFORMS
from empirical.datasets.digit_pictures import pictures
from empirical.datasets.families.digits import DIGITS, GRADED_SETS, ID_STYLE, LARGE_SHIFT, LOOKS, OOD_SETS
from empirical.datasets.handwriting import digits, optdigits
from empirical.datasets.locations import Locations
from empirical.datasets.protocols import CLEAN, Split
from empirical.datasets.reading import read_dataset
from empirical.datasets.splitting import indices
from empirical.datasets.styles import Style
from empirical.store import epoch_batches

COUNT = 5000
splits = st.builds(
    Split,
    training=st.integers(1, 1200),
    validation=st.integers(1, 600),
    test=st.integers(1, 700),
    seed=st.integers(0, 100),
    half=st.sampled_from(["both", "first", "second"]),
    test_from=st.sampled_from(["beginning", "end"]),
)
#: Drawing a look of all 5,000 digits takes a second.
SOME = ("inverted", "outline", "near_id")


def dataset_of(split: Split, *, replicate: int, ood=SOME):
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


@given(splits, st.integers(0, 20))
def test_what_was_tried_on_one_half_is_confirmed_on_other_images(split, replicate):
    halves = (split.model_copy(update={"half": half}) for half in ("first", "second"))
    tried, confirmed = (np.concatenate(indices(half, COUNT, replicate=replicate)) for half in halves)
    assert not set(tried) & set(confirmed)


@given(st.integers(1, 1250), st.integers(1, 1250), st.integers(0, 20))
def test_a_second_confirmation_tests_on_images_that_the_first_did_not_test_on(first, second, replicate):
    split = Split(training=1, validation=1, test=first, half="second")
    other = split.model_copy(update={"test": second, "test_from": "end"})
    tested = indices(split, COUNT, replicate=replicate).test
    assert not set(tested) & set(indices(other, COUNT, replicate=replicate).test)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (Split(training=4000, validation=500, test=501), "5000 in all"),
        (Split(training=2000, validation=500, test=500, half="second"), "2500 in all"),
        (Split(test=500, ood=501), "at most the 500 test images"),
    ],
)
def test_a_split_larger_than_the_data_is_refused(split, message):
    with pytest.raises(ValueError, match=message):
        indices(split, COUNT, replicate=0)


def test_digits_are_those_of_mnist_and_fill_the_picture():
    images, labels = mnist()
    strokes, shown = digits()
    np.testing.assert_array_equal(shown, labels)
    assert strokes.dtype == np.float32
    assert strokes.min() >= 0
    assert strokes.max() <= 1
    # Area grows as the square of the side; a stroke's ink with it, but for what the crop takes.
    grown = strokes.sum() / (images.sum() / 255)
    assert grown == pytest.approx((37 / 28) ** 2, rel=0.02)


def test_an_outline_is_hollow_and_polarity_turns_about_grey():
    square = np.zeros((1, 32, 32), np.float32)
    square[:, 8:24, 8:24] = 1
    styles = (ID_STYLE, Style(outline=1.0), Style(polarity=(0.0, 0.0)), Style(polarity=(-1.0, -1.0)))
    plain, hollow, grey, turned = (pictures(square, style, seed=0).astype(int)[0, ..., 0] for style in styles)
    # The contour takes a pixel on either side of the edge.
    assert not hollow[9:23, 9:23].any()
    assert not hollow[:7].any()
    np.testing.assert_array_equal(hollow[7:9, 7:25], 255)
    np.testing.assert_array_equal(grey, 128)
    np.testing.assert_array_equal(turned, 255 - plain)


def test_the_other_source_is_scikit_learns():
    source = load_digits()
    strokes, labels = optdigits()
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
    far = [ood.name for ood in OOD_SETS if ood.premises in ("met", "small shift")]
    assert set(gap) - set(far) == {"near_id"}
    assert all(gap[name] > 2 * gap["near_id"] for name in far)
    assert tuple(name for name in far if name.endswith("inverted")) == LARGE_SHIFT


def test_graded_sets_go_farther_step_by_step():
    strokes = digits().strokes[:64]
    plain = pictures(strokes, ID_STYLE, seed=0).astype(float)
    for axis in ("polarity", "colour", "texture"):
        steps = [ood.style for ood in GRADED_SETS if ood.name.startswith(axis)]
        gaps = [np.abs(pictures(strokes, style, seed=1) - plain).mean() for style in steps]
        assert gaps == sorted(gaps)
        assert gaps[0] > 0


def test_the_digits_are_a_data_set_like_every_other():
    split = Split(training=30, validation=20, test=40)
    first, second = (dataset_of(split, replicate=replicate) for replicate in (0, 1))
    assert [one.name for one in first.sets] == ["id_training", "id_validation", "id_test", *SOME]
    assert [len(one) for one in first.sets] == [30, 20, 40] + [40] * len(SOME)
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


def test_out_of_distribution_as_many_images_are_tested_as_were_asked_for():
    split = Split(training=30, validation=20, test=40, ood=25)
    sets = ("inverted", "optdigits")
    dataset = dataset_of(split, replicate=0, ood=sets)
    assert [len(one) for one in dataset.ood] == [25, 25]
    assert set(dataset.ood[1].labels.tolist()) == set(range(10))
    everything = dataset_of(split.model_copy(update={"ood": None}), replicate=0, ood=sets)
    assert [len(one) for one in everything.ood] == [40, 1797]
    assert [one.name for one in dataset.counterparts] == ["inverted"]
    np.testing.assert_array_equal(dataset.ood[0].labels, dataset.id_test.labels[:25])


def test_what_is_drawn_for_a_digit_does_not_depend_on_the_others():
    """Few digits of a set are looked at; they are those that all at once would be."""
    look = list(LOOKS).index("coloured_inverted")
    everything = pictures(digits().strokes[:COUNT], LOOKS["coloured_inverted"], seed=look)
    dataset = dataset_of(Split(training=3, validation=2, test=4), replicate=0, ood=("coloured_inverted",))
    (shown,) = dataset.ood
    np.testing.assert_array_equal(shown.images.gather(np.arange(4)), everything[shown.images.rows])
    np.testing.assert_array_equal(shown.images[2], everything[shown.images.rows[2]])


def test_digits_come_in_batches_and_pass_their_pipeline_unchanged():
    dataset = dataset_of(Split(training=30, validation=20, test=40), replicate=0)
    (batch,) = epoch_batches(dataset.ood[1], np.arange(40), 40)
    np.testing.assert_array_equal(batch.images[7], dataset.ood[1].images[7])
    found = apply(*batch[:2], batch.indices, transform=TRANSFORMS["digits"].evaluation, key=jax.random.key(0))
    np.testing.assert_array_equal(np.round(np.asarray(found) * 255), batch.images)


def test_some_of_the_styles_are_enough():
    dataset = dataset_of(Split(training=30, validation=20, test=40), replicate=0, ood=("inverted", "near_id"))
    assert [one.name for one in dataset.ood] == [one.name for one in dataset.counterparts] == ["inverted", "near_id"]


@pytest.mark.parametrize(("split", "message"), [(None, "have a `split`"), (Split(training=5000), "5000 in all")])
def test_a_pool_needs_a_split_that_it_can_fill(split, message):
    with pytest.raises(UserError, match=message):
        dataset_of(split, replicate=0)
