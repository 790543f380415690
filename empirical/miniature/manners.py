"""Manners of rendering: photograph, painting, clip art, sketch, graffiti. They are the shifts between domains."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float32, UInt8

from empirical.miniature.drawing import Drawing, Traits, draw

Picture = Float32[np.ndarray, "n s s 3"]
Manner = Callable[[Drawing, Traits, np.random.Generator], Picture]


def photograph(drawing: Drawing, shown: Traits, generator: np.random.Generator) -> Picture:
    """Shaded coat on a blurred background, with grain."""
    count, side = drawing.body.shape[:2]
    ground = 0.15 + 0.6 * clouds(count, side, generator)
    light = 0.7 + 0.5 * clouds(count, side, generator).mean(-1, keepdims=True)
    coat = _mixed(_colour(shown.hue, 0.75), _colour(shown.accent, 0.6), drawing.coat)
    picture = _over(ground, coat * light, drawing.body)
    return picture + 0.04 * generator.standard_normal(picture.shape, np.float32)


def painting(drawing: Drawing, shown: Traits, generator: np.random.Generator) -> Picture:
    """Earthen, shifted hues in broad strokes on canvas."""
    count, side = drawing.body.shape[:2]
    shift = generator.uniform(-0.12, 0.12, count).astype(np.float32)
    coat = _mixed(_colour(shown.hue + shift, 0.45), _colour(shown.accent + shift, 0.4), drawing.coat)
    strokes = clouds(count, side, generator, knots=10)
    ground = np.array([0.55, 0.45, 0.3], np.float32) * (0.6 + 0.8 * strokes)
    weave = 0.04 * (-1.0) ** (np.arange(side)[:, None] // 2 + np.arange(side)[None, :] // 2)
    picture = _over(ground, 0.8 * coat + 0.35 * (strokes - 0.5), drawing.body)
    return np.round(picture * 9) / 9 + weave[None, :, :, None].astype(np.float32)


def clip_art(drawing: Drawing, shown: Traits, generator: np.random.Generator) -> Picture:
    """Flat, loud colours with a black outline on white."""
    flat = (drawing.coat > 0.5).astype(np.float32)
    coat = _mixed(_colour(shown.hue, 1.0), _colour(shown.accent, 1.0), flat)
    paper = np.ones((*drawing.body.shape, 3), np.float32)
    return _over(paper, coat, drawing.body) * (1 - drawing.outline[..., None])


def sketch(drawing: Drawing, shown: Traits, generator: np.random.Generator) -> Picture:
    """Grey pencil: the outline, and lines where the coat changes; no hue at all."""
    count, side = drawing.body.shape[:2]
    lines = np.exp(-(((drawing.coat - 0.5) / 0.18) ** 2)) * drawing.body * (shown.stripes > 0)[:, None, None]
    ink = np.maximum(drawing.outline, 0.7 * lines) * generator.uniform(0.6, 1, (count, 1, 1)).astype(np.float32)
    pressure = 0.75 + 0.25 * clouds(count, side, generator, knots=12)[..., 0]
    paper = 0.96 - 0.06 * clouds(count, side, generator)[..., :1]
    return np.repeat(paper * (1 - 0.85 * (ink * pressure)[..., None]), 3, axis=-1)


def graffiti(drawing: Drawing, shown: Traits, generator: np.random.Generator) -> Picture:
    """Glowing outlines and a thin coat on a dark wall."""
    count, side = drawing.body.shape[:2]
    wall = 0.25 * clouds(count, side, generator, knots=14)
    glow = _mixed(_colour(shown.hue, 1.0), _colour(shown.accent, 1.0), drawing.coat)
    return _over(wall, glow, np.minimum(0.45 * drawing.body * drawing.coat + drawing.outline, 1))


RENDITIONS = (painting, clip_art, sketch, graffiti)


def render(
    shown: Traits, manner: Manner, side: int, generator: np.random.Generator, *, jitter: float = 1.0
) -> UInt8[np.ndarray, "n s s 3"]:
    """Images in one manner."""
    return to_bytes(manner(draw(shown, side, generator, jitter=jitter), shown, generator))


def to_bytes(picture: Picture) -> UInt8[np.ndarray, "n s s 3"]:
    return np.clip(np.round(picture * 255), 0, 255).astype(np.uint8)


def clouds(count: int, side: int, generator: np.random.Generator, *, knots: int = 4) -> Picture:
    """Smooth random colour in [0, 1]: random values at knots, interpolated linearly."""
    values = generator.uniform(0, 1, (count, knots, knots, 3)).astype(np.float32)
    place = np.linspace(0, knots - 1, side)
    low = np.minimum(place.astype(int), knots - 2)
    weights = np.zeros((side, knots), np.float32)
    weights[np.arange(side), low] = 1 - (place - low)
    weights[np.arange(side), low + 1] = place - low
    return np.einsum("yk,nklc,xl->nyxc", weights, values, weights, optimize=True).astype(np.float32)


def _colour(turn: Float32[np.ndarray, " n"], saturation: float) -> Float32[np.ndarray, "n 1 1 3"]:
    wheel = np.mod(6 * turn[:, None] + np.array([0, 4, 2], np.float32), 6)
    pure = np.clip(np.abs(wheel - 3) - 1, 0, 1)
    return (1 - saturation * (1 - pure)).astype(np.float32)[:, None, None, :] * np.float32(0.95)


def _mixed(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    return first + share[..., None] * (second - first)


def _over(ground: np.ndarray, paint: np.ndarray, body: np.ndarray) -> np.ndarray:
    return ground + body[..., None] * (paint - ground)
