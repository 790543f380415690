"""Rendered characters: every class in every font, fonts held out, deterministic."""

import jax
import jax.numpy as jnp
import numpy as np

from empirical.datasets.characters import CLASSES, HELD_OUT_FONTS, MANY_STYLES, TRAINING_FONTS, draw, glyphs


def test_every_font_draws_every_class_differently():
    strokes = glyphs(TRAINING_FONTS + HELD_OUT_FONTS)
    assert strokes.shape == (20, 45, 32, 32)
    assert strokes.dtype == np.float32
    assert strokes.sum((2, 3)).min() > 10
    for font in strokes:
        assert len({letter.tobytes() for letter in font}) == len(CLASSES)


def test_fonts_are_held_out():
    assert not set(TRAINING_FONTS) & set(HELD_OUT_FONTS)


def test_a_draw_is_a_function_of_its_key():
    strokes = jnp.asarray(glyphs(HELD_OUT_FONTS))
    first, again, other = (draw(strokes, 6, MANY_STYLES, key=jax.random.key(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.pictures, again.pictures)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert np.any(np.asarray(first.pictures) != np.asarray(other.pictures))
