"""Bytes to pixels: one decoded image is uint8, height x width x 3, or there is an error that names the file.

What the official loaders do is kept: grey and CMYK images become RGB, an alpha channel is dropped, the orientation
noted by a camera is not applied. What they would silently spoil is refused: more than 8 bits a channel, animations,
truncated files. So is what an image has no need of (docs/security.md): other formats than those named here, some of
which start programs, more bytes or pixels than any data set has, and whatever is no regular file.
"""

import io
import logging
import threading
import warnings
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, UnidentifiedImageError

from artifacts import UserError
from artifacts.reading import read_regular

#: Formats as Pillow names them (JPEG is MPO's too). It knows others, such as EPS, for which it starts Ghostscript.
FORMATS = ("JPEG", "PNG", "PPM", "BMP", "TIFF", "GIF", "WEBP")
MOST_BYTES = 256 << 20
#: The largest image of ImageNet has 61 million. Decoding takes some 12 bytes for each.
MOST_PIXELS = 90_000_000
#: Images of more pixels than this are decoded one at a time, whatever the number of threads.
SMALL_PIXELS = 4_000_000
_LARGE = threading.Lock()
# What Pillow says of a damaged file beside its exception would go to the terminal, for want of another handler.
logging.getLogger("PIL").addHandler(logging.NullHandler())
EIGHT_BIT_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV")


def read_bytes(path: Path) -> bytes:
    """A file's content.

    Raises:
      UserError: it is missing, empty or may not be read; it is no regular file, or larger than an image.
    """
    try:
        data = read_regular(path, MOST_BYTES)
    except OSError as error:
        raise UserError(
            f"{path} must be a readable image, but {error.strerror}; restore it or fetch it again."
        ) from error
    if not data:
        raise UserError(f"{path} must be an image, got an empty file (0 bytes); fetch it again.")
    return data


def read_image(path: Path, *, first_frame: bool = False) -> UInt8[np.ndarray, "h w 3"]:
    """The image in a file; of several, the first where `first_frame` says so."""
    return decode(read_bytes(path), str(path), first_frame=first_frame)


def decode(data: bytes, name: str, *, first_frame: bool = False) -> UInt8[np.ndarray, "h w 3"]:
    """The image in bytes.

    Args:
      name: what the bytes are called in a message.
      first_frame: of an animation or of several pages the first is taken; else they are refused.
    Raises:
      UserError: they hold no image, part of one, several, or one with more than 8 bits a channel.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns above 90 megapixels and refuses above twice that; old cameras write broken EXIF blocks.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                _check(image, name, first_frame)
                with _LARGE if image.width * image.height > SMALL_PIXELS else nullcontext():
                    return np.array(image.convert("RGB"))
    except UnidentifiedImageError as error:
        raise UserError(f"{name} must be an image, got {len(data)} bytes of something else; fetch it again.") from error
    except Image.DecompressionBombError as error:
        raise UserError(f"{name} must be an image of ordinary size, but {error}; replace or remove it.") from error
    except UserError:
        raise
    # Pillow's readers meet broken files with OSError, SyntaxError, ValueError, struct.error and more.
    except Exception as error:
        raise UserError(f"{name} must be a whole image, but it is damaged ({error}); fetch it again.") from error


def format_of(data: bytes) -> tuple[str, str]:
    """Format and mode of an image, as Pillow names them; the bytes must be those of an image."""
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        return image.format or "", image.mode


def _check(image: Image.Image, name: str, first_frame: bool) -> None:
    if image.width * image.height > MOST_PIXELS:
        raise UserError(
            f"{name} must have at most {MOST_PIXELS} pixels, got {image.width} x {image.height}; resize or remove it."
        )
    if not first_frame and getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise UserError(
            f"{name} must hold one picture, got an animation or several pages; save the one that is meant, or set "
            '`frames = "first"` for a folder of your own.'
        )
    tiles = getattr(image, "tile", None)
    raw_mode = str(tiles[0][3]) if tiles else ""
    if image.format == "PPM" and tiles and isinstance(tiles[0][3], tuple) and tiles[0][3][-1] > 255:
        raise UserError(f"{name} must have 8 bits a channel, got values to {tiles[0][3][-1]}; convert it to 8 bits.")
    if image.mode not in EIGHT_BIT_MODES or ";16" in raw_mode:
        raise UserError(f"{name} must have 8 bits a channel, got mode {image.mode} {raw_mode}; convert it to 8 bits.")
