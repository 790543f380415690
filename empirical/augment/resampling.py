"""Antialiased resizing of a crop, by the arithmetic of Pillow.

A pixel of the output is a weighted mean of the crop's pixels under a kernel that is widened when the picture shrinks.
Rows and columns separate: the columns come first, and between the two the picture is rounded to bytes, as in Pillow
(whose latest versions begin with the rows where the height shrinks and the width grows: bicubic overshoots are then cut
off differently).
Unlike `jax.image.scale_and_translate`, pixels outside the crop never enter: crop first, then resize.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float32, Int32, UInt8

from empirical.augment.transforms import Kernel

# Half the width of each kernel at scale 1, in pixels.
SUPPORT = {"bilinear": 1.0, "bicubic": 2.0}


class Window(NamedTuple):
    """What becomes of one image: a box of it, resized to `resized`, of which the part at `offset` is kept.

    All in pixels, vertical before horizontal; `flipped` mirrors left and right.
    """

    start: Int32[Array, "2"]
    length: Int32[Array, "2"]
    resized: Int32[Array, "2"]
    offset: Int32[Array, "2"]
    flipped: Array


def view(image: UInt8[Array, "h w 3"], window: Window, *, side: int, kernel: Kernel) -> Float32[Array, "side side 3"]:
    """The window's part of an image, square; whole numbers from 0 to 255."""
    rows, columns = (
        weights(window.start[axis], window.length[axis], window.resized[axis], window.offset[axis],
                pixels=image.shape[axis], side=side, kernel=kernel)
        for axis in (0, 1)
    )  # fmt: skip
    columns = jnp.where(window.flipped, columns[::-1], columns)
    across = _bytes(jnp.einsum("xw,hwc->hxc", columns, image.astype(jnp.float32), precision="highest"))
    return _bytes(jnp.einsum("yh,hxc->yxc", rows, across, precision="highest"))


def weights(
    start: Int32[Array, ""], length: Int32[Array, ""], resized: Int32[Array, ""], offset: Int32[Array, ""], *,
    pixels: int, side: int, kernel: Kernel,
) -> Float32[Array, "side pixels"]:  # fmt: skip
    """Weight of every input pixel in output pixels `offset` to `offset + side` of a box brought to `resized` pixels."""
    scale = length.astype(jnp.float32) / resized.astype(jnp.float32)
    widening = jnp.maximum(scale, 1)
    centre = (jnp.arange(side, dtype=jnp.int32) + offset + jnp.float32(0.5)) * scale
    relative = jnp.arange(pixels, dtype=jnp.int32) - start
    distance = jnp.abs(relative[None, :] + jnp.float32(0.5) - centre[:, None]) / widening
    inside = (relative >= 0) & (relative < length)
    raw = jnp.where(inside[None, :], _kernel(distance, kernel), 0)
    # Pillow's grid of weights: ties between two bytes, common when a scale is a power of 2, then fall to the same side.
    grid = jnp.float32(2**22)
    return jnp.round(raw / raw.sum(1, keepdims=True) * grid) / grid


def _kernel(distance: Float32[Array, "side pixels"], kernel: Kernel) -> Float32[Array, "side pixels"]:
    """Triangle; or Keys' cubic with a = -1/2, which is Pillow's (torch on tensors has -3/4)."""
    if kernel == "bilinear":
        return jnp.maximum(1 - distance, 0)
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    return jnp.where(distance < 1, near, jnp.where(distance < SUPPORT[kernel], far, 0))


def _bytes(picture: Float32[Array, "_ _ 3"]) -> Float32[Array, "_ _ 3"]:
    return jnp.clip(jnp.floor(picture + jnp.float32(0.5)), 0, 255)
