"""Manners of rendering: photograph, painting, clip art, sketch, graffiti. They are the shifts between domains."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float32, UInt8

from empirical.miniature.drawing import Drawing, Traits, draw

Picture = Float32[np.ndarray, "n s s 3"]
Manner = Callable[[Drawing, Traits, np.random.Generator], Picture]


def photograph(drawing: Drawing, shown: Traits, generator: np.random.Generator) -> Picture:
    """Shaded coat with a dark rim on a blurred background, with grain."""
    count, side = drawing.body.shape[:2]
    ground = generator.uniform(0.25, 0.65, (count, 1, 1, 1)).astype(np.float32)
    ground = ground + 0.35 * (clouds(count, side, generator) - 0.5)
    light = 0.7 + 0.5 * clouds(count, side, generator).mean(-1, keepdims=True)
    coat = _coat(shown, drawing.coat, 0.75)
    picture = _over(ground, coat * light, drawing.body) * (1 - 0.5 * drawing.outline[..., None])
    return picture + 0.04 * generator.standard_normal(picture.shape, np.float32)


def painting(drawing: Drawing, shown: Traits, generator: np.random.Generator) -> Picture:
    """Earthen, shifted hues in broad strokes on canvas."""
    count, side = drawing.body.shape[:2]
    shift = generator.uniform(-0.12, 0.12, count).astype(np.float32)
    coat = _coat(shown._replace(hue=shown.hue + shift, accent=shown.accent + shift), drawing.coat, 0.45)
    strokes = clouds(count, side, generator, knots=10)
    ground = np.array([0.8, 0.7, 0.5], np.float32) * (0.7 + 0.5 * strokes)
    weave = 0.04 * (-1.0) ** (np.arange(side)[:, None] // 2 + np.arange(side)[None, :] // 2)
    picture = _over(ground, 0.8 * coat + 0.25 * (strokes - 0.5), drawing.body) * (1 - 0.4 * drawing.outline[..., None])
    return np.round(picture * 9) / 9 + weave[None, :, :, None].astype(np.float32)


def clip_art(drawing: Drawing, shown: Traits, generator: np.random.Generator) -> Picture:
    """Flat, loud colours with a black outline on white."""
    coat = _coat(shown, (drawing.coat > 0.5).astype(np.float32), 1.0)
    paper = np.ones((*drawing.body.shape, 3), np.float32)
    return _over(paper, coat, drawing.body) * (1 - drawing.outline[..., None])


def sketch(drawing: Drawing, shown: Traits, generator: np.random.Generator) -> Picture:
    """Grey pencil: the outline, and shading where the coat is dark; no hue at all."""
    count, side = drawing.body.shape[:2]
    shading = 0.6 * drawing.coat * drawing.body
    ink = np.maximum(drawing.outline, shading) * generator.uniform(0.6, 1, (count, 1, 1)).astype(np.float32)
    pressure = 0.75 + 0.25 * clouds(count, side, generator, knots=12)[..., 0]
    paper = 0.96 - 0.06 * clouds(count, side, generator)[..., :1]
    return np.repeat(paper * (1 - 0.85 * (ink * pressure)[..., None]), 3, axis=-1)


def graffiti(drawing: Drawing, shown: Traits, generator: np.random.Generator) -> Picture:
    """Glowing outlines and a thin coat on a dark wall."""
    count, side = drawing.body.shape[:2]
    wall = 0.25 * clouds(count, side, generator, knots=14)
    glow = _coat(shown, drawing.coat, 1.0)
    return _over(wall, glow, np.minimum(0.45 * drawing.body * drawing.coat + drawing.outline, 1))


RENDITIONS = (painting, clip_art, sketch, graffiti)


def render(
    shown: Traits, manner: Manner, side: int, generator: np.random.Generator, *, jitter: float = 1.0
) -> UInt8[np.ndarray, "n s s 3"]:
    """Images in one manner.

    Args:
      side: in pixels.
      jitter: as for `draw`.
    """
    return to_bytes(manner(draw(shown, side, generator, jitter=jitter), shown, generator))


def to_bytes(picture: Picture) -> UInt8[np.ndarray, "n s s 3"]:
    """Colours in [0, 1] as bytes; what lies outside is cut off."""
    return np.clip(np.round(picture * 255), 0, 255).astype(np.uint8)


def clouds(count: int, side: int, generator: np.random.Generator, *, knots: int = 4) -> Picture:
    """Smooth random colour in [0, 1]: random values at knots, interpolated linearly.

    Args:
      knots: along a side, at least 2: more make finer clouds.
    """
    values = generator.uniform(0, 1, (count, knots, knots, 3)).astype(np.float32)
    positions = np.linspace(0, knots - 1, side)
    low = np.minimum(positions.astype(int), knots - 2)
    weights = np.zeros((side, knots), np.float32)
    weights[np.arange(side), low] = 1 - (positions - low)
    weights[np.arange(side), low + 1] = positions - low
    return np.einsum("yk,nklc,xl->nyxc", weights, values, weights, optimize=True).astype(np.float32)


def _colour(turn: Float32[np.ndarray, " n"], saturation: float) -> Float32[np.ndarray, "n 1 1 3"]:
    wheel = np.mod(6 * turn[:, None] + np.array([0, 4, 2], np.float32), 6)
    pure = np.clip(np.abs(wheel - 3) - 1, 0, 1)
    return (1 - saturation * (1 - pure)).astype(np.float32)[:, None, None, :] * np.float32(0.95)


def _coat(shown: Traits, share: Float32[np.ndarray, "n s s"], saturation: float) -> Picture:
    """Between the body's colour and its accent, which is darker: a coat can be told without its hues."""
    first, second = _colour(shown.hue, saturation), np.float32(0.5) * _colour(shown.accent, saturation)
    return first + share[..., None] * (second - first)


def _over(ground: np.ndarray, paint: np.ndarray, body: np.ndarray) -> np.ndarray:
    return ground + body[..., None] * (paint - ground)
