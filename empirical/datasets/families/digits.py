"""Real handwritten digits in several styles: 1,797 images that come with scikit-learn, no download.

In distribution a digit is white on black. Out of distribution the *same held-out* digits come in other styles, so
that a loss of accuracy is owed to the style alone. Which sets meet the theory's premises is said here, from how each
shift is built, before anything is measured.
"""

from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32, Int, UInt8

from artifacts.frozen import Frozen
from empirical.augment.transforms import Pipelines, Transform
from empirical.datasets.embedded import PooledLook, pooled_family
from empirical.datasets.family import Column
from empirical.datasets.styles import Style, enlarged, render
from empirical.records import Premises

CLASSES = 10
ID_STYLE = Style()


class OODSet(Frozen):
    """A style for the test digits, and whether the theory speaks about it (`embedded.PooledLook`)."""

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


class Digits(NamedTuple):
    """Strokes in [0, 1], 1 where there is ink, and the digit each shows."""

    strokes: Float32[np.ndarray, "n 32 32"]
    labels: Int[np.ndarray, " n"]


@cache
def digits() -> Digits:
    """All 1,797 digits, 8 x 8 cells brought to 32 x 32."""
    from sklearn.datasets import load_digits  # two seconds, which only those pay who draw digits

    source: Any = load_digits()
    cells = jnp.asarray(source.images, jnp.float32) / 16
    return Digits(np.asarray(jax.jit(jax.vmap(enlarged))(cells)), source.target.astype(np.int32))


def pictures(strokes: Float32[np.ndarray, "n 32 32"], style: Style, *, seed: int) -> UInt8[np.ndarray, "n 32 32 3"]:
    """The digits in a style; the draw for an image depends on the seed, the style and its position."""
    # A fixed draw for each image: replicates see the same pictures.
    return np.asarray(render(jnp.asarray(strokes), style, key=jax.random.key(seed)))


def _labels() -> Int[np.ndarray, " n"]:
    return digits().labels


@cache
def _drawn(look: str) -> UInt8[np.ndarray, "n 32 32 3"]:
    """All digits in a style, drawn once: 5.5 MB each."""
    return pictures(digits().strokes, LOOKS[look], seed=list(LOOKS).index(look))


_AS_IT_IS = Transform(crop="resize", side=32)
DIGITS = pooled_family(
    "digits",
    "Handwritten digits",
    classes=tuple(map(str, range(CLASSES))),
    labels=_labels,
    id_pictures=partial(_drawn, "id"),
    looks=[
        PooledLook(name=ood.name, premises=ood.premises, reason=ood.reason, pictures=partial(_drawn, ood.name))
        for ood in OOD_SETS
    ],
    columns=(Column("digits", "Handwritten digits", "digits", PREMISES_MET),),
    # 32 pixels as they are: a resize to the side that an image has changes nothing.
    pipelines={"digits": Pipelines(training=_AS_IT_IS, evaluation=_AS_IT_IS)},
    order=100,
)
FAMILIES = (DIGITS,)
