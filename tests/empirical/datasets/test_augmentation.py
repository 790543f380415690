"""Crops and resizes on the device are Pillow's, and the crops' distribution is torchvision's."""

import math
import random
from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.stats import ks_2samp

from empirical.augment import Transform, apply
from empirical.augment.applying import apply_to_batch
from empirical.augment.crops import random_resized_crop, resize_centre_crop
from empirical.augment.resampling import Window, view
from empirical.augment.transforms import STANDARD
from empirical.datasets.catalogue import TRANSFORMS

# Both round to bytes after each of two passes, from weights of slightly different precision. Where the scale is a
# simple fraction (20 to 45 pixels) many values lie on a rounding edge and fall to either side, a level in either pass.
LEVELS = 2
# From 20 to 45 pixels a value is a multiple of 1/18 in either pass, on an edge one time in 18: 2/18 if all fall apart.
MEAN_LEVELS = 0.112
CANVAS = (70, 90)
SIDE = 32
IMAGE = np.random.default_rng(0).integers(0, 256, (*CANVAS, 3), dtype=np.uint8)
KERNELS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
shown = {
    kernel: jax.jit(lambda image, window, kernel=kernel: view(image, window, side=SIDE, kernel=kernel))
    for kernel in KERNELS
}


def _close(found, expected) -> None:
    gap = np.abs(np.asarray(found) - np.asarray(expected, float))
    assert gap.max() <= LEVELS
    assert gap.mean() <= MEAN_LEVELS


def _resized(image, size, kernel) -> np.ndarray:
    """Pillow's resize, columns first: its latest versions begin with whichever is cheaper."""
    across = Image.fromarray(image).resize((size[0], image.shape[0]), KERNELS[kernel])
    return np.asarray(across.resize(size, KERNELS[kernel]))


def _integers(*values) -> jax.Array:
    return jnp.array(values, jnp.int32)


@st.composite
def boxes(draw):
    height, width = draw(st.integers(1, CANVAS[0])), draw(st.integers(1, CANVAS[1]))
    return draw(st.integers(0, CANVAS[0] - height)), draw(st.integers(0, CANVAS[1] - width)), height, width


@pytest.mark.parametrize("kernel", KERNELS)
@given(box=boxes(), flipped=st.booleans())
def test_a_crop_is_resized_as_pillow_does(kernel, box, flipped):
    top, left, height, width = box
    window = Window(
        _integers(top, left), _integers(height, width), _integers(SIDE, SIDE), _integers(0, 0), jnp.array(flipped)
    )
    found = shown[kernel](jnp.asarray(IMAGE), window)
    expected = _resized(IMAGE[top : top + height, left : left + width], (SIDE, SIDE), kernel)
    _close(found, expected[:, ::-1] if flipped else expected)


@pytest.mark.parametrize("kernel", KERNELS)
@given(height=st.integers(20, CANVAS[0]), width=st.integers(20, CANVAS[1]), resized=st.integers(SIDE, 48))
@example(height=20, width=44, resized=45)
@example(height=26, width=21, resized=32)
@settings(max_examples=25)
def test_resize_and_centre_crop_are_pillows(kernel, height, width, resized):
    """Short side to `resized`, then the middle; the rest of the canvas holds rubbish that must not show."""
    window = resize_centre_crop(_integers(height, width), SIDE, resized)
    found = shown[kernel](jnp.asarray(IMAGE), window)
    short = min(height, width)
    size = (int(resized * width / short), int(resized * height / short))
    whole = _resized(IMAGE[:height, :width], size, kernel)
    top, left = (round((length - SIDE) / 2) for length in whole.shape[:2])
    _close(found, whole[top : top + SIDE, left : left + SIDE])


def _batch(count):
    images = jnp.asarray(np.random.default_rng(1).integers(0, 256, (count, *CANVAS, 3), dtype=np.uint8))
    extents = jnp.asarray(np.random.default_rng(2).integers(40, 71, (count, 2)).astype(np.int32))
    return images, extents, jnp.arange(count)


@pytest.mark.parametrize("name", [name for name in TRANSFORMS if name != "entity30"])  # as living17
def test_every_pipeline_is_float32_jitted_and_from_its_key(name):
    images, extents, indices = _batch(6)
    pipelines = TRANSFORMS[name].at_side(SIDE)
    for transform in (pipelines.training, pipelines.evaluation):
        first, again, other = (
            apply(images, extents, indices, transform=transform, key=jax.random.key(seed)) for seed in (0, 0, 1)
        )
        assert first.dtype == jnp.float32
        assert first.shape == (6, SIDE, SIDE, 3)
        np.testing.assert_array_equal(first, again)
        assert np.array_equal(first, other) != transform.draws
        values = np.asarray(first)
        assert values.min() >= (0 if transform.deviation is None else -2.2)
        assert values.max() <= (1 if transform.deviation is None else 2.7)


def test_an_image_is_augmented_alike_in_every_batch():
    images, extents, indices = _batch(8)
    transform = TRANSFORMS["living17"].at_side(SIDE).training
    whole = apply(images, extents, indices, transform=transform, key=jax.random.key(3))
    part = apply(images[5:], extents[5:], indices[5:], transform=transform, key=jax.random.key(3))
    np.testing.assert_allclose(whole[5:], part, atol=1e-6)  # values of order one, in another order of summation


def test_normalisation_has_the_papers_constants():
    image = jnp.full((1, 8, 8, 3), 255, jnp.uint8)
    transform = TRANSFORMS["cifar10"].evaluation.at_side(8)
    found = apply(image, jnp.array([[8, 8]]), jnp.array([0]), transform=transform, key=jax.random.key(0))
    expected = (1 - np.array([0.485, 0.456, 0.406])) / np.array([0.228, 0.224, 0.225])
    np.testing.assert_allclose(found[0, 0, 0], expected, rtol=1e-6)
    standard = (1 - 0.485) / 0.229
    assert abs(expected[0] - standard) < 0.01  # the paper's 0.228 for 0.229 is immaterial
    for name, pipelines in TRANSFORMS.items():
        assert pipelines.under("paper") is pipelines
        for transform in (pipelines.under("clean").training, pipelines.under("clean").evaluation):
            assert transform.deviation in (None, (0.229, 0.224, 0.225)), name


def test_fmow_images_pass_unchanged():
    image = np.random.default_rng(4).integers(0, 256, (1, 224, 224, 3), dtype=np.uint8)
    transform = Transform(crop="resize")
    found = apply(
        jnp.asarray(image), jnp.array([[224, 224]]), jnp.array([0]), transform=transform, key=jax.random.key(0)
    )
    np.testing.assert_array_equal(np.round(np.asarray(found) * 255), image)


def _reference_box(height, width, draw: random.Random):
    """torchvision's RandomResizedCrop, in plain Python."""
    for _ in range(10):
        area = height * width * draw.uniform(0.08, 1)
        ratio = math.exp(draw.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            return draw.randint(0, height - h), draw.randint(0, width - w), h, w
    if width / height < 3 / 4:
        w, h = width, round(width / (3 / 4))
    elif width / height > 4 / 3:
        w, h = round(height * 4 / 3), height
    else:
        w, h = width, height
    return (height - h) // 2, (width - w) // 2, h, w


@pytest.mark.parametrize("extent", [(64, 64), (60, 90), (20, 200), (200, 10)])
def test_random_boxes_have_torchvisions_distribution(extent):
    draws = 4000
    window = jax.jit(jax.vmap(lambda key: random_resized_crop(_integers(*extent), SIDE, key=key)))(
        jax.random.split(jax.random.key(0), draws)
    )
    found = np.concatenate([window.start, window.length], axis=1)
    assert (found[:, :2] >= 0).all()
    assert (found[:, :2] + found[:, 2:] <= np.array(extent)).all()
    reference = np.array([_reference_box(*extent, draw) for draw in [random.Random(0)] for _ in range(draws)])
    for column in range(4):
        # Two samples of one distribution are this far apart once in ten thousand times.
        assert ks_2samp(found[:, column], reference[:, column]).pvalue > 1e-4


def test_half_of_the_images_are_flipped():
    image = jnp.tile(jnp.arange(8, dtype=jnp.uint8)[None, :, None] * 30, (8, 1, 3))
    count = 2000
    transform = Transform(crop="resize", side=8, flip=True)
    found = apply(
        jnp.broadcast_to(image, (count, 8, 8, 3)),
        jnp.full((count, 2), 8),
        jnp.arange(count),
        transform=transform,
        key=jax.random.key(0),
    )
    share = float((found[:, 0, 0, 0] > found[:, 0, -1, 0]).mean())
    assert abs(share - 0.5) < 4 * 0.5 / math.sqrt(count)  # four standard deviations


@pytest.mark.parametrize("crop", get_args(Transform.model_fields["crop"].annotation))
@pytest.mark.parametrize(
    "changes", [{}, {"flip": True}, {"resized": SIDE}, {"resized": 40}, {"kernel": "bicubic"}], ids=str
)
@pytest.mark.parametrize("deviation", [None, STANDARD])
@pytest.mark.parametrize("extents", [(SIDE, SIDE), (SIDE, SIDE - 1)])
def test_leaving_resampling_out_changes_no_bit(crop, changes, deviation, extents):
    if crop.startswith("resize_"):
        changes = {"resized": 40, **changes}
    transform = Transform(crop=crop, side=SIDE, deviation=deviation).model_copy(update=changes)
    canvas = np.random.default_rng(1).integers(0, 256, (3, SIDE, SIDE, 3), dtype=np.uint8)
    batch = canvas, np.array([(SIDE, SIDE), extents, (SIDE, SIDE)], np.int32), np.arange(3, dtype=np.int32)
    key = jax.random.key(2)
    one_by_one = apply(*map(jnp.asarray, batch), transform=transform, key=key)
    np.testing.assert_array_equal(apply_to_batch(*batch, transform=transform, key=key), one_by_one)


def test_what_keeps_an_image_of_its_own_side():
    assert Transform(crop="resize", side=SIDE).keeps_its_side
    assert Transform(crop="resize_centre_crop", side=SIDE, resized=SIDE).keeps_its_side
    assert not Transform(crop="resize_centre_crop", side=SIDE, resized=SIDE + 1).keeps_its_side
    assert not Transform(crop="resize", side=SIDE, flip=True).keeps_its_side
    assert not Transform(crop="random_resized_crop", side=SIDE).keeps_its_side
