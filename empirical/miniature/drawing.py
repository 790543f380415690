"""Lobed, striped bodies: what the classes of a miniature look like, before any manner of rendering.

The outline of a body is the polar curve r = size (1 + depth cos(lobes angle)); its coat is a grating. Outline and coat
tell superclasses apart, hue and stretch tell their subclasses apart.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int

BODIES = 18
COATS = 30
_LOBES = np.array([2, 3, 4, 5, 6, 7], np.float32)
_DEPTHS = np.array([0.16, 0.34, 0.55], np.float32)
# Up to 4 periods in half a width: seen at 32 pixels too.
_STRIPES = np.array([0, 1, 1.8, 2.8, 4], np.float32)
_SLANTS = np.array([0, np.pi / 3, 2 * np.pi / 3], np.float32)
_HOLES = np.array([0, 0.45], np.float32)
# Multiples of irrational numbers, modulo 1, spread evenly however many are taken.
_GOLDEN = (0.6180339887, 0.7548776662, 0.5698402910, 0.8191725134)


class Traits(NamedTuple):
    """What an image shows. `stripes` are periods per half width, `slant` is in radians, hues are turns of the wheel."""

    lobes: Float32[np.ndarray, " n"]
    depth: Float32[np.ndarray, " n"]
    hole: Float32[np.ndarray, " n"]
    stripes: Float32[np.ndarray, " n"]
    slant: Float32[np.ndarray, " n"]
    hue: Float32[np.ndarray, " n"]
    accent: Float32[np.ndarray, " n"]
    stretch: Float32[np.ndarray, " n"]


class Drawing(NamedTuple):
    """Per pixel: how much body there is, the outline's ink, and where between hue and accent the coat is; in [0, 1]."""

    body: Float32[np.ndarray, "n s s"]
    outline: Float32[np.ndarray, "n s s"]
    coat: Float32[np.ndarray, "n s s"]


def traits(body: Int[np.ndarray, " n"], coat: Int[np.ndarray, " n"], individual: Int[np.ndarray, " n"]) -> Traits:
    """Traits from an outline (of `BODIES`), a coat (of `COATS`) and a number that fixes colours and stretch."""
    share = [np.mod((individual + 0.5) * step, 1).astype(np.float32) for step in _GOLDEN]
    return Traits(
        lobes=_LOBES[body % 6],
        depth=_DEPTHS[body // 6 % 3],
        hole=_HOLES[coat // 15 % 2],
        stripes=_STRIPES[coat % 5],
        slant=_SLANTS[coat // 5 % 3],
        hue=share[0],
        accent=np.mod(share[0] + 0.25 + 0.5 * share[1], 1).astype(np.float32),
        stretch=0.8 + 0.45 * share[2],
    )


def spread(numbers: Int[np.ndarray, " n"], kinds: int, step: int = 0) -> Int[np.ndarray, " n"]:
    """Kinds dealt out evenly: neighbouring numbers get different ones.

    Args:
      kinds: how many there are; results are 0 to `kinds` - 1.
      step: which of four independent ways of dealing: 0 to 3.
    """
    return (np.mod((numbers + 0.5) * _GOLDEN[step], 1) * kinds).astype(np.int64)


def draw(shown: Traits, side: int, generator: np.random.Generator, *, jitter: float = 1.0) -> Drawing:
    """Bodies at random places, sizes and angles.

    Args:
      jitter: how far these vary; at 1, a tenth of the side, a fifth in size and a third of a radian.
    """
    count = len(shown.lobes)

    def uniform(low: float, high: float) -> Float32[np.ndarray, "n 1 1"]:
        return generator.uniform(low, high, (count, 1, 1)).astype(np.float32)

    axis = np.linspace(-1, 1, side, dtype=np.float32)
    angle, size = jitter * uniform(-0.33, 0.33), 0.7 * (1 + jitter * uniform(-0.2, 0.2))
    across = axis[None, None, :] - jitter * uniform(-0.2, 0.2)
    down = axis[None, :, None] - jitter * uniform(-0.2, 0.2)
    x, y = np.cos(angle) * across + np.sin(angle) * down, np.cos(angle) * down - np.sin(angle) * across
    stretch = shown.stretch[:, None, None]
    radius, turn = np.hypot(x * stretch, y / stretch), np.arctan2(y, x)
    depth, lobes, hole = (value[:, None, None] for value in (shown.depth, shown.lobes, shown.hole))
    edge = size * (1 + depth * np.cos(lobes * turn)) / (1 + 0.6 * depth)
    soft = np.float32(1.2 / side)
    inside = _step((edge - radius) / soft) * np.where(hole > 0, _step((radius - hole * edge) / soft), 1)
    width = np.float32(2.5 / side)
    rim = np.exp(-(((edge - radius) / width) ** 2)) + (hole > 0) * np.exp(-(((hole * edge - radius) / width) ** 2))
    slant = shown.slant[:, None, None]
    phase = 2 * np.pi * shown.stripes[:, None, None] * (x * np.cos(slant) + y * np.sin(slant))
    return Drawing(inside, np.minimum(rim, 1).astype(np.float32), (0.5 - 0.5 * np.cos(phase)).astype(np.float32))


def _step(values: np.ndarray) -> np.ndarray:
    return (0.5 + 0.5 * np.tanh(values)).astype(np.float32)
