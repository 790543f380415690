"""Rendering is a pure function of stroke, style and key; the plain style changes nothing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empirical.datasets.rendering import render
from empirical.datasets.styles import TOGETHER, Style

KEY = jax.random.key(3)
STROKES = np.zeros((4, 32, 32), np.float32)
STROKES[:, 6:26, 14:18] = 1.0
STROKES[:, 6:10, 10:22] = 0.5

strengths = st.floats(0, 0.5, width=32)
styles = st.builds(
    lambda shift, turn, colour, texture, noise, coarse, inversion: Style(
        shift=(-shift, shift), rotation=(-turn, turn), colour=(0.0, colour), texture=(0.0, texture),
        noise=(0.0, noise), coarse=coarse, inversion=inversion,
    ),
    *[strengths] * 7,
)  # fmt: skip


def rendered(style: Style, key=KEY) -> np.ndarray:
    return np.asarray(render(jnp.asarray(STROKES), style, key=key)).astype(int)


def test_the_plain_style_paints_the_stroke_white_on_black():
    np.testing.assert_array_equal(rendered(Style()), np.repeat(np.round(STROKES * 255)[..., None], 3, axis=-1))


def test_inversion_is_the_complement():
    # One level of slack: a value halfway between two levels is rounded the same way in both.
    np.testing.assert_allclose(rendered(Style(inversion=1.0)), 255 - rendered(Style()), atol=1)


def test_grey_styles_have_no_chroma_and_coloured_ones_have():
    textured, coloured = rendered(Style(texture=(0.4, 0.5))), rendered(Style(colour=(0.7, 1.0)))
    assert np.ptp(textured, axis=-1).max() == 0
    assert np.all(np.ptp(coloured, axis=-1).max((1, 2)) > 20)


def test_texture_stays_in_the_paper():
    ink = STROKES[0] == 1
    assert np.all(rendered(Style(texture=(0.4, 0.5)))[:, ink] == 255)
    assert rendered(Style(texture=(0.4, 0.5)))[:, STROKES[0] == 0].max() <= 128


@given(styles)
def test_what_a_style_does_not_ask_for_changes_nothing(style):
    # Too faint for any pixel, but asked for, so that it is computed.
    faint, never = 1e-30, 1e-30
    ranges = {
        name: (faint, faint) if getattr(style, name) == (0.0, 0.0) else getattr(style, name)
        for name in ("shift", "rotation", "shear", "zoom", "wobble", "blur", "colour", "texture", "noise")
    }
    events = {name: getattr(style, name) or never for name in ("coarse", "inversion", "outline")}
    everything = style.model_copy(update={**ranges, **events})
    np.testing.assert_array_equal(rendered(everything), rendered(style))
    # A power of 1 is not exact, so that a value halfway between two levels may go to either.
    powers = everything.model_copy(update={"weight": (faint, faint)})
    np.testing.assert_allclose(rendered(powers), rendered(style), atol=1)


@given(styles)
def test_equal_keys_give_equal_pictures(style):
    np.testing.assert_array_equal(rendered(style), rendered(style))


@given(styles)
def test_a_picture_does_not_depend_on_its_neighbours_strokes(style):
    other = STROKES.copy()
    other[1:] = 0
    np.testing.assert_array_equal(rendered(style)[0], np.asarray(render(jnp.asarray(other), style, key=KEY))[0])


def test_strengths_below_zero_count_as_zero():
    np.testing.assert_array_equal(rendered(Style(texture=(-1.0, -0.5), colour=(-1.0, 0.0))), rendered(Style()))


def test_keys_matter():
    style = Style(texture=(0.4, 0.5))
    assert np.any(rendered(style) != rendered(style, jax.random.key(4)))


@pytest.mark.parametrize("count", [TOGETHER, TOGETHER + 1, 2 * TOGETHER + 100])
def test_many_pictures_are_those_of_one_program_for_all(count):
    style = Style(colour=(0.0, 1.0), texture=(0.0, 0.5), noise=(0.0, 0.1))
    strokes = jnp.asarray(np.resize(STROKES, (count, 32, 32)))
    together = jax.jit(lambda strokes: render(strokes, style, key=KEY))(strokes)
    # One level of slack: another program may round a value halfway between two levels to the other.
    np.testing.assert_allclose(np.asarray(render(strokes, style, key=KEY)).astype(int), together, atol=1)
