"""Characters in the fonts that matplotlib ships, for pretraining: 45 classes, 20 fonts, any style.

The classes are those of EMNIST's balanced split less the letters O and I, which many fonts draw like 0 and 1. Digits
are among them: printed ones. No handwriting enters pretraining.
"""

from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Int, Key, UInt8
from PIL import Image, ImageDraw, ImageFont

from artifacts import UserError
from artifacts.bundled import bundled_file
from empirical.datasets.rendering import render
from empirical.datasets.styles import SIDE, Style

CLASSES = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZabdefghnqrt"
TRAINING_FONTS = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-BoldOblique", "DejaVuSansMono", "DejaVuSansMono-Bold",
    "DejaVuSansMono-Oblique", "DejaVuSansMono-BoldOblique", "DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic",
    "STIXGeneral", "STIXGeneralBol", "STIXGeneralBolIta", "cmr10", "cmb10", "cmtt10",
)  # fmt: skip
HELD_OUT_FONTS = ("DejaVuSans-Oblique", "DejaVuSerif-BoldItalic", "STIXGeneralItalic", "cmss10")

# Wide enough to hold every style of the benchmark: the paper takes pretrained features to be good beyond the style
# they are later fine-tuned on.
MANY_STYLES = Style(
    shift=(-2.0, 2.0), rotation=(-0.3, 0.3), shear=(-0.35, 0.35), zoom=(-0.25, 0.15), wobble=(-0.5, 1.3),
    coarse=0.7, blur=(0.0, 1.0), weight=(-0.7, 0.5), contrast=(0.7, 1.0), colour=(-0.3, 1.0), texture=(-0.3, 0.5),
    inversion=0.5, noise=(-0.05, 0.05),
)  # fmt: skip


class Characters(NamedTuple):
    """Pictures and their classes, as positions in `CLASSES`."""

    pictures: UInt8[Array, "n 32 32 3"]
    labels: Int[Array, " n"]


@cache
def glyphs(fonts: tuple[str, ...], side: int = SIDE) -> Float32[np.ndarray, "fonts classes side side"]:
    """Strokes of every class in every font, each fitted to the same box as a size-normalised handwritten digit."""
    rows = [[_glyph(_font(name), letter, side) for letter in CLASSES] for name in fonts]
    return np.asarray(rows, np.float32)


def draw(strokes: Float32[Array, "fonts classes 32 32"], size: int, style: Style, *, key: Key[Array, ""]) -> Characters:
    """`size` random characters in random fonts."""
    letter, font, look = jax.random.split(key, 3)
    labels = jax.random.randint(letter, (size,), 0, strokes.shape[1], jnp.int32)
    chosen = jax.random.randint(font, (size,), 0, strokes.shape[0], jnp.int32)
    return Characters(render(strokes[chosen, labels], style, key=look), labels)


def _glyph(font: ImageFont.FreeTypeFont, letter: str, side: int) -> np.ndarray:
    canvas = Image.new("L", (128, 128))
    ImageDraw.Draw(canvas).text((64, 64), letter, fill=255, font=font, anchor="mm")
    box = canvas.getbbox()
    if box is None:
        raise UserError(f"The font must draw every class, got an empty picture of {letter!r} from {font.getname()}.")
    width, height = box[2] - box[0], box[3] - box[1]
    scale = min(0.84 * side / height, 0.72 * side / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    picture = Image.new("L", (side, side))
    picture.paste(canvas.crop(box).resize(size, Image.Resampling.BOX), ((side - size[0]) // 2, (side - size[1]) // 2))
    return np.asarray(picture, np.float32) / np.float32(255)


def _font(name: str) -> ImageFont.FreeTypeFont:
    # matplotlib's files are used, not its code: importing it costs a second and belongs to `figures`.
    path = bundled_file("matplotlib", f"mpl-data/fonts/ttf/{name}.ttf", holds="the fonts of pretraining")
    return ImageFont.truetype(str(path), 80)
