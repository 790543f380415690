"""Pictures of strokes in a style: a pure function of a key.

A *stroke* is a mask in [0, 1], 1 where there is ink. What no image of a style has is not computed; its pictures are
those that it would have at a strength of zero.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Bool, Float32, Key, UInt8

from empirical.datasets.styles import SIDE, TOGETHER, Style

COARSE_SIDE = 8  # scikit-learn's digits were scanned to 8 x 8 cells
KNOTS = 5  # of smooth random fields, along each axis


class Look(NamedTuple):
    """One image's dials, drawn from a style, and its smooth and rough random fields."""

    shift: Float32[Array, "2"]
    zoom: Float32[Array, "2"]
    rotation: Float32[Array, ""]
    shear: Float32[Array, ""]
    wobble: Float32[Array, ""]
    blur: Float32[Array, ""]
    weight: Float32[Array, ""]
    contrast: Float32[Array, ""]
    polarity: Float32[Array, ""]
    colour: Float32[Array, ""]
    texture: Float32[Array, ""]
    noise: Float32[Array, ""]
    coarse: Bool[Array, ""]
    inverted: Bool[Array, ""]
    hollow: Bool[Array, ""]
    margin: Float32[Array, ""]  # share of the lost contrast that lies below the paper
    hues: Float32[Array, "2"]  # of ink and paper, in [0, 1)
    wave: Float32[Array, "3"]  # direction, wavelength and phase of the texture, in [0, 1)
    knots: Float32[Array, "3 5 5"]  # normal; bend the stroke (two axes) and the texture
    grain: Float32[Array, "32 32 3"]  # normal; one value a pixel and channel


def render(strokes: Float32[Array, "n 32 32"], style: Style, *, key: Key[Array, ""]) -> UInt8[Array, "n 32 32 3"]:
    """Pictures of strokes in a style, one independent draw for each.

    All styles share one compiled program, and so do all numbers of more than `TOGETHER` pictures.
    """
    return render_each(strokes, style, jax.random.split(key, strokes.shape[0]))


def render_each(strokes: Float32[Array, "n 32 32"], style: Style, keys: Key[Array, " n"]) -> UInt8[Array, "n 32 32 3"]:
    """The same with a key for each stroke."""
    count, bounds = len(strokes), _bounds(style)
    if count <= TOGETHER or isinstance(strokes, Tracer):
        return _render(strokes, bounds, keys)
    # The last ones are filled up by some that are drawn again.
    starts = [min(start, count - TOGETHER) for start in range(0, count, TOGETHER)]
    parts = [_render(strokes[at : at + TOGETHER], bounds, keys[at : at + TOGETHER]) for at in starts]
    return jnp.concatenate([*parts[:-1], parts[-1][-((count - 1) % TOGETHER + 1) :]])


def scanned_coarsely(stroke: Float32[Array, "32 32"]) -> Float32[Array, "32 32"]:
    """The stroke as it looks after a scan to 8 x 8 cells, brought back to 32 x 32."""
    factor = SIDE // COARSE_SIDE
    return enlarged(stroke.reshape(COARSE_SIDE, factor, COARSE_SIDE, factor).mean((1, 3)))


def enlarged(cells: Float32[Array, "8 8"]) -> Float32[Array, "32 32"]:
    """Cubic interpolation of 8 x 8 cells."""
    return jnp.clip(jax.image.resize(cells, (SIDE, SIDE), "cubic"), 0, 1)


# Rows of `_bounds`; shift and zoom have one for each axis.
_RANGES = (
    "shift", "shift", "zoom", "zoom", "rotation", "shear", "wobble", "blur", "weight", "contrast", "polarity", "colour",
    "texture", "noise",
)  # fmt: skip
_EVENTS = ("coarse", "inversion", "outline")


def _bounds(style: Style) -> Float32[np.ndarray, "rows 2"]:
    """The style as numbers; the last rows turn a uniform draw into an event of the given probability."""
    events = [(-getattr(style, name), 1 - getattr(style, name)) for name in _EVENTS]
    return np.asarray([getattr(style, name) for name in _RANGES] + events, np.float32)


@jax.jit
def _render(strokes: Array, bounds: Array, keys: Key[Array, " n"]) -> UInt8[Array, "n 32 32 3"]:
    asked = _asked(bounds)

    def picture(stroke: Array, picture_key: Key[Array, ""]) -> Array:
        look = _look(bounds, picture_key, asked)
        return _painted(_penned(_applied(asked.deformed, _deformed, stroke, look), look, asked), look, asked)

    pictures = jax.vmap(picture)(strokes, keys)
    return jnp.round(pictures * 255).astype(jnp.uint8)


class _Asked(NamedTuple):
    """Whether any image of a style has an effect: the same for all of a batch, so that a branch is not taken."""

    deformed: Bool[Array, ""]
    blur: Bool[Array, ""]
    coarse: Bool[Array, ""]
    weight: Bool[Array, ""]
    outline: Bool[Array, ""]
    texture: Bool[Array, ""]
    noise: Bool[Array, ""]
    bent: Bool[Array, ""]  # by a smooth random field


def _asked(bounds: Float32[Array, "rows 2"]) -> _Asked:
    names = (*_RANGES, *_EVENTS)

    def any_of(*effects: str) -> Bool[Array, ""]:
        rows = np.array([row for row, name in enumerate(names) if name in effects])
        return jnp.any(bounds[rows] != 0)

    def event(name: str) -> Bool[Array, ""]:
        return bounds[names.index(name), 0] < 0

    return _Asked(
        deformed=any_of("shift", "zoom", "rotation", "shear", "wobble"),
        blur=any_of("blur"),
        coarse=event("coarse"),
        weight=any_of("weight"),
        outline=event("outline"),
        texture=any_of("texture"),
        noise=any_of("noise"),
        bent=any_of("wobble", "texture"),
    )


def _applied(asked: Bool[Array, ""], effect: Callable[[Array, Look], Array], picture: Array, look: Look) -> Array:
    """The picture with an effect, or as it is where the style does not ask for it."""
    return jax.lax.cond(asked, effect, lambda picture, look: picture, picture, look)


def _normal(asked: Bool[Array, ""], key: Key[Array, ""], count: int) -> Float32[Array, " count"]:
    """Normal numbers, or zeros where nothing asks for them."""
    zeros = jnp.zeros(count, jnp.float32)
    return jax.lax.cond(asked, lambda key: jax.random.normal(key, (count,), jnp.float32), lambda key: zeros, key)


def _look(bounds: Float32[Array, "rows 2"], key: Key[Array, ""], asked: _Asked) -> Look:
    # Few calls of the generator for one image: each costs compile time, and there are some twenty dials.
    scalars, fields = jax.random.split(key)
    rows = len(_RANGES) + len(_EVENTS)
    uniform = jax.random.uniform(scalars, (rows + 6,), jnp.float32)
    knots, grain = 3 * KNOTS**2, SIDE * SIDE * 3
    coarse_field = _normal(asked.bent, fields, knots)
    # The first numbers that a key gives do not depend on how many are asked for: the grain's come after the knots'.
    fine_field = _normal(asked.noise, fields, knots + grain)[knots:]
    dials = bounds[:, 0] + uniform[:rows] * (bounds[:, 1] - bounds[:, 0])
    rotation, shear, wobble, blur, weight, contrast, polarity, colour, texture, noise = dials[4 : -len(_EVENTS)]
    coarse, inverted, hollow = dials[-len(_EVENTS) :] < 0
    return Look(
        shift=dials[:2], zoom=dials[2:4], rotation=rotation, shear=shear, wobble=jnp.maximum(wobble, 0),
        blur=blur, weight=weight, contrast=contrast, polarity=polarity, colour=jnp.maximum(colour, 0),
        texture=jnp.maximum(texture, 0), noise=jnp.maximum(noise, 0), coarse=coarse, inverted=inverted, hollow=hollow,
        margin=uniform[rows],
        hues=uniform[rows + 1 : rows + 3], wave=uniform[rows + 3 :],
        knots=coarse_field.reshape(3, KNOTS, KNOTS), grain=fine_field.reshape(SIDE, SIDE, 3),
    )  # fmt: skip


def _deformed(stroke: Array, look: Look) -> Float32[Array, "32 32"]:
    """Affine map and wobble: a picture point p shows the stroke point R S p / zoom + shift, about the centre."""
    cosine, sine = jnp.cos(look.rotation), jnp.sin(look.rotation)
    rows, columns = (axis - (SIDE - 1) / 2 for axis in _grid())
    columns = columns + look.shear * rows
    source = jnp.stack([cosine * rows - sine * columns, sine * rows + cosine * columns])
    source = source / (1 + look.zoom)[:, None, None] + look.shift[:, None, None] + (SIDE - 1) / 2
    source = source + look.wobble * _smooth(look.knots[:2])
    return jax.scipy.ndimage.map_coordinates(stroke, list(source), order=1, mode="constant")


def _penned(stroke: Array, look: Look, asked: _Asked) -> Float32[Array, "32 32"]:
    """Blur, coarse scan, stroke weight and outline."""
    stroke = _applied(asked.blur, lambda stroke, look: stroke + look.blur * (_blurred(stroke) - stroke), stroke, look)
    stroke = _applied(
        asked.coarse, lambda stroke, look: jnp.where(look.coarse, scanned_coarsely(stroke), stroke), stroke, look
    )
    stroke = _applied(asked.weight, _weighted, stroke, look)
    return _applied(asked.outline, lambda stroke, look: jnp.where(look.hollow, _contour(stroke), stroke), stroke, look)


def _weighted(stroke: Array, look: Look) -> Float32[Array, "32 32"]:
    return jnp.where(stroke > 0, jnp.maximum(stroke, 1e-6) ** jnp.exp(look.weight), 0)


def _contour(stroke: Float32[Array, "32 32"]) -> Float32[Array, "32 32"]:
    """Where the stroke rises: the greatest less the smallest of the 3 x 3 cells about each, a fifth brighter."""
    highest = jax.lax.reduce_window(stroke, -jnp.inf, jax.lax.max, (3, 3), (1, 1), "SAME")
    lowest = jax.lax.reduce_window(stroke, jnp.inf, jax.lax.min, (3, 3), (1, 1), "SAME")
    return jnp.clip(1.2 * (highest - lowest), 0, 1)


def _painted(stroke: Array, look: Look, asked: _Asked) -> Float32[Array, "32 32 3"]:
    """Colour, contrast, texture, inversion, polarity and noise, in this order."""
    # Ink keeps at least 0.35 in every channel and paper at most 0.5; luminances come close, hues then differ.
    ink = 1 - 0.65 * look.colour * (1 - _hue(look.hues[0]))
    paper = 0.5 * look.colour * _hue(look.hues[1])
    below = (1 - look.contrast) * look.margin
    ink, paper = ink * look.contrast + below, paper * look.contrast + below
    ground = _applied(asked.texture, _woven, jnp.broadcast_to(paper, (SIDE, SIDE, 3)), look)
    picture = ground + stroke[..., None] * (ink - ground)
    picture = jnp.where(look.inverted, 1 - picture, picture)
    picture = 0.5 + look.polarity * (picture - 0.5)
    picture = _applied(asked.noise, lambda picture, look: picture + look.noise * look.grain, picture, look)
    return jnp.clip(picture, 0, 1)


def _woven(paper: Array, look: Look) -> Float32[Array, "32 32 3"]:
    return (1 - look.texture) * paper + look.texture * _waves(look)[..., None]


def _waves(look: Look) -> Float32[Array, "32 32"]:
    """A grating of any direction, 4 to 12 pixels long, bent by smooth noise; values in [0, 1]."""
    angle, length, phase = jnp.pi * look.wave[0], 4 + 8 * look.wave[1], 2 * jnp.pi * look.wave[2]
    rows, columns = _grid()
    carrier = 2 * jnp.pi * (jnp.cos(angle) * rows + jnp.sin(angle) * columns) / length
    return 0.5 + 0.5 * jnp.sin(carrier + 1.5 * _smooth(look.knots[2:])[0] + phase)


def _smooth(knots: Float32[Array, "c 5 5"]) -> Float32[Array, "c 32 32"]:
    return jax.image.resize(knots, (knots.shape[0], SIDE, SIDE), "cubic")


def _grid() -> Float32[np.ndarray, "2 32 32"]:
    return np.stack(np.meshgrid(*[np.arange(SIDE, dtype=np.float32)] * 2, indexing="ij"))


def _blurred(stroke: Array) -> Array:
    """Two passes of a binomial filter along each axis."""
    for axis in (0, 1, 0, 1):
        stroke = stroke / 2 + (jnp.roll(stroke, 1, axis) + jnp.roll(stroke, -1, axis)) / 4
    return stroke


def _hue(turn: Float32[Array, ""]) -> Float32[Array, "3"]:
    """A fully saturated colour, `turn` around the wheel."""
    wheel = (6 * turn + np.array([0, 4, 2], np.float32)) % 6
    return jnp.clip(jnp.abs(wheel - 3) - 1, 0, 1)
