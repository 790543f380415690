"""Real handwritten digits in several styles: 1,797 images that come with scikit-learn, no download.

In distribution a digit is white on black. Out of distribution the *same held-out* digits come in other styles, so
that a loss of accuracy is owed to the style alone. Which sets meet the theory's premises is said here, from how each
shift is built, before anything is measured.
"""

from functools import cache
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32, Int, UInt8
from pydantic import BaseModel, ConfigDict
from sklearn.datasets import load_digits

from empirical.datasets.image_sets import Dataset, ImageRows, ImageSet
from empirical.datasets.protocols import CLEAN
from empirical.datasets.styles import Style, enlarged, render

CLASSES = 10
ID_STYLE = Style()
Premises = Literal["met", "near ID"]


class OODSet(BaseModel):
    """A style for the test digits, and whether the theory speaks about it.

    `premises` is "met" where pretraining has seen the style (features that can be good) and the pictures leave the
    span of the ID pictures (a large shift); "near ID" is the control for which the theory promises nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    style: Style
    premises: Premises
    reason: str


TEXTURE = (0.4, 0.5)
OOD_SETS = (
    OODSet(
        name="inverted", style=Style(inversion=1.0), premises="met",
        reason="Black on white: every pixel goes to the other end of its range; pretraining saw both polarities.",
    ),
    OODSet(
        name="coloured", style=Style(colour=(0.7, 1.0)), premises="met",
        reason="Coloured ink on coloured paper: ID pictures are grey and span no chroma; pretraining saw all hues.",
    ),
    OODSet(
        name="textured", style=Style(texture=TEXTURE), premises="met",
        reason="Waves in the paper, up to half the ink's brightness, where ID paper is constant; pretraining saw such.",
    ),
    OODSet(
        name="textured_inverted", style=Style(texture=TEXTURE, inversion=1.0), premises="met",
        reason="Texture and inverted polarity together; pretraining saw them together.",
    ),
    OODSet(
        name="near_id", premises="near ID",
        style=Style(shift=(-0.5, 0.5), rotation=(-0.05, 0.05), zoom=(-0.03, 0.03), noise=(0.01, 0.01)),
        reason="Half a pixel, three degrees, faint noise: hardly leaves the ID pictures, so no large shift.",
    ),
)  # fmt: skip
PREMISES_MET = tuple(ood.name for ood in OOD_SETS if ood.premises == "met")
#: Every style by the name of its set, ID first; its position here seeds its pictures.
LOOKS = {"id": ID_STYLE, **{ood.name: ood.style for ood in OOD_SETS}}


class DigitsSplit(BaseModel):
    """How many images go where. The test images are one fixed draw; each replicate draws its own training and
    validation images from the rest, so that intervals over replicates cover the choice of data as well."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    training: int = 200
    validation: int = 497
    test: int = 500
    seed: int = 0


class Indices(NamedTuple):
    """Positions among the 1,797 images; no image is in two of them."""

    training: Int[np.ndarray, " training"]
    validation: Int[np.ndarray, " validation"]
    test: Int[np.ndarray, " test"]


class Digits(NamedTuple):
    """Strokes in [0, 1], 1 where there is ink, and the digit each shows."""

    strokes: Float32[np.ndarray, "n 32 32"]
    labels: Int[np.ndarray, " n"]


@cache
def digits() -> Digits:
    """All 1,797 digits, 8 x 8 cells brought to 32 x 32."""
    source = load_digits()
    cells = jnp.asarray(source.images, jnp.float32) / 16
    return Digits(np.asarray(jax.jit(jax.vmap(enlarged))(cells)), source.target.astype(np.int32))


def indices(split: DigitsSplit, count: int, *, replicate: int) -> Indices:
    """Which images a replicate trains on, selects on and is tested on.

    Raises:
      ValueError: the split asks for more images than there are.
    """
    if split.training + split.validation + split.test > count or min(split.training, split.validation, split.test) < 1:
        raise ValueError(f"`split` must take at least one image each and {count} in all, got {split}.")
    order = np.random.default_rng(split.seed).permutation(count)
    test, rest = order[: split.test], order[split.test :]
    rest = np.random.default_rng([split.seed, replicate]).permutation(rest)
    return Indices(rest[: split.training], rest[split.training : split.training + split.validation], test)


def pictures(strokes: Float32[np.ndarray, "n 32 32"], style: Style, *, seed: int) -> UInt8[np.ndarray, "n 32 32 3"]:
    """The digits in a style; the draw for an image depends on the seed, the style and its position."""
    # A fixed draw for each image: replicates see the same pictures.
    return np.asarray(render(jnp.asarray(strokes), style, key=jax.random.key(seed)))


def digits_dataset(split: DigitsSplit, *, replicate: int) -> Dataset:
    """The digits as a data set like every other, in memory: what a replicate trains on, and the same test digits in
    every style.

    Raises:
      ValueError: the split asks for more images than there are.
    """
    labels = digits().labels
    training, validation, test = indices(split, len(labels), replicate=replicate)

    def images(name: str, look: str, at: Int[np.ndarray, " p"]) -> ImageSet:
        return ImageSet(name=name, images=ImageRows(f"digits, {look}", _drawn(look), at), labels=labels[at])

    return Dataset(
        name="digits",
        classes=tuple(map(str, range(CLASSES))),
        # Validation images are its own: the reported ones never select.
        protocol=CLEAN.name,
        miniature=False,
        id_training=images("id_training", "id", training),
        id_validation=images("id_validation", "id", validation),
        id_test=images("id_test", "id", test),
        ood=tuple(images(ood.name, ood.name, test) for ood in OOD_SETS),
    )


@cache
def _drawn(look: str) -> UInt8[np.ndarray, "n 32 32 3"]:
    """All digits in a style, drawn once: 5.5 MB each."""
    return pictures(digits().strokes, LOOKS[look], seed=list(LOOKS).index(look))
