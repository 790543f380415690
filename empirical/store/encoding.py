"""The payload of one shard: images resized where the form asks for it, as pixels or as JPEG bytes."""

import io
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from artifacts import UserError
from empirical.datasets.image_sets import ImageFiles, Images
from empirical.datasets.pixels import decode, format_of, read_bytes
from empirical.store.form import EXTENTS, JPEGS, KEPT, OFFSETS, PIXELS, Form

KERNELS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def write_pixels(directory: Path, images: Images, form: Form, shape: tuple[int, int]) -> None:
    """Image after image, all of one shape.

    Args:
      shape: height and width that every image must have.
    Raises:
      UserError: an image has another shape, or cannot be read.
    """
    with (directory / PIXELS).open("wb") as stream:
        for index in range(len(images)):
            pixels = resized(images[index], form)
            if pixels.shape[:2] != shape:
                raise UserError(
                    f"{images.reference(index)} must be {shape[0]} x {shape[1]} like the first image, got "
                    f"{pixels.shape[0]} x {pixels.shape[1]}; pack as jpeg, or resize to a square."
                )
            stream.write(pixels.tobytes())


def write_jpegs(directory: Path, images: Images, form: Form) -> None:
    """JPEG after JPEG, with the offset, height and width of each, and whether it is the bytes of its file.

    Args:
      form: says whether to resize, and how to encode what is no JPEG yet.
    """
    offsets, extents, kept = [0], [], []
    with (directory / JPEGS).open("wb") as stream:
        for index in range(len(images)):
            data, pixels, own = _jpeg(images, index, form)
            kept.append(own)
            stream.write(data)
            offsets.append(offsets[-1] + len(data))
            extents.append(pixels.shape[:2])
    np.save(directory / OFFSETS, np.array(offsets, np.int64))
    np.save(directory / EXTENTS, np.array(extents, np.int32))
    np.save(directory / KEPT, np.array(kept, np.bool_))


def _jpeg(images: Images, index: int, form: Form) -> tuple[bytes, UInt8[np.ndarray, "h w 3"], bool]:
    """JPEG bytes of an image, its pixels, and whether the bytes are its file's. Each is decoded: none is broken."""
    if isinstance(images, ImageFiles) and form.resize is None:
        data = read_bytes(images.path(index))
        pixels = decode(data, images.reference(index), first_frame=images.first_frame)
        if format_of(data) in (("JPEG", "RGB"), ("JPEG", "L")):
            return data, pixels, True
    else:
        pixels = resized(images[index], form)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=form.quality, subsampling=form.subsampling)
    return stream.getvalue(), pixels, False


def resized(pixels: UInt8[np.ndarray, "h w 3"], form: Form) -> UInt8[np.ndarray, "_ _ 3"]:
    """The image as the form wants it."""
    if form.side is None:
        return pixels
    height, width = pixels.shape[:2]
    short = min(height, width)
    size = (form.side, form.side)
    if form.resize == "short_side":
        size = (form.side * width // short, form.side * height // short)
    if size == (width, height):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(size, KERNELS[form.kernel]))
