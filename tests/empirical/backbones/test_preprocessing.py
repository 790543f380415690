"""CLIP's input is its reference's: from pixels to standardised squares as transformers' processor (Pillow) has it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from empirical.augment import apply
from empirical.backbones.clip_input import DEVIATION, MEAN, standardised
from empirical.datasets.catalogue import TRANSFORMS

# Pillow rounds the weights of a resize to 8 bits twice; a byte apart on a few pixels, in units of the deviation.
ONE_BYTE = 1 / 255 / 0.26
SHARE_APART = 0.02


@pytest.mark.parametrize(("height", "width"), [(300, 400), (500, 333), (224, 224), (97, 60)])
def test_images_become_what_the_reference_makes_of_them(transformers, height, width):
    draw = np.random.default_rng(height)
    coarse = Image.fromarray(draw.integers(0, 256, (9, 12, 3), np.uint8))
    picture = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    expected = transformers.CLIPImageProcessorPil()(Image.fromarray(picture), return_tensors="np")["pixel_values"][0]
    images = jnp.asarray(picture)[None]
    extents, indices = jnp.array([[height, width]]), jnp.array([0])
    floats = apply(images, extents, indices, transform=TRANSFORMS["imagenet"].evaluation, key=jax.random.key(0))
    found = np.asarray(standardised(floats))[0].transpose(2, 0, 1)
    gap = np.abs(found - expected)
    assert found.shape == expected.shape
    assert gap.max() < 1.01 * ONE_BYTE
    assert np.mean(gap > 1e-5) < SHARE_APART


def test_standardisation_maps_the_mean_to_zero_and_a_deviation_to_one():
    mean = jnp.broadcast_to(jnp.array(MEAN, jnp.float32), (1, 2, 2, 3))
    np.testing.assert_allclose(standardised(mean), 0, atol=1e-6)
    np.testing.assert_allclose(standardised(mean + jnp.array(DEVIATION, jnp.float32)), 1, rtol=1e-6)
