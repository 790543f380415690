"""Which part of an image is shown: at random for training, in the middle for evaluation."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Int32, Key

from empirical.augment.resampling import Window

TRIES = 10
SCALE = (0.08, 1.0)
RATIO = (3 / 4, 4 / 3)

Extent = Int32[Array, "2"]


def random_resized_crop(extent: Extent, side: int, *, key: Key[Array, ""]) -> Window:
    """A box of random area (8 to 100 %) and aspect ratio (3/4 to 4/3), brought to a square.

    Ten boxes are tried, as in torchvision; where none fits, the largest box in the middle of an allowed ratio is taken.
    """
    area_key, ratio_key, place_key = jax.random.split(key, 3)
    area = extent[0].astype(jnp.float32) * extent[1] * _uniform(area_key, *SCALE, shape=(TRIES,))
    ratio = jnp.exp(_uniform(ratio_key, *map(math.log, RATIO), shape=(TRIES,)))
    tried = jnp.round(jnp.sqrt(jnp.stack([area / ratio, area * ratio], axis=1))).astype(jnp.int32)
    fits = ((tried > 0) & (tried <= extent)).all(1)
    fallback = _largest(extent)
    length = jnp.where(fits.any(), tried[jnp.argmax(fits)], fallback)
    room = extent - length
    corner = jnp.floor(_uniform(place_key, 0.0, 1.0, shape=(2,)) * (room + 1)).astype(jnp.int32)
    start = jnp.where(fits.any(), jnp.minimum(corner, room), room // 2)
    return _resized(start, length, side)


def resize_random_crop(extent: Extent, side: int, resized: int, *, key: Key[Array, ""]) -> Window:
    """The whole image brought to a square regardless of its shape, and a random part of that."""
    offset = jax.random.randint(key, (2,), 0, resized - side + 1, jnp.int32)
    return Window(_zero(), extent, jnp.full(2, resized, jnp.int32), offset, jnp.array(False))


def resize_centre_crop(extent: Extent, side: int, resized: int) -> Window:
    """The image with its shorter side brought to `resized`, and the middle of that."""
    whole = resized * extent // extent.min()
    # Half to even, as Python's round.
    offset = jnp.round((whole - side).astype(jnp.float32) / 2).astype(jnp.int32)
    return Window(_zero(), extent, whole, offset, jnp.array(False))


def resize(extent: Extent, side: int) -> Window:
    """The whole image brought to a square regardless of its shape."""
    return _resized(_zero(), extent, side)


def _resized(start: Extent, length: Extent, side: int) -> Window:
    return Window(start, length, jnp.full(2, side, jnp.int32), _zero(), jnp.array(False))


def _largest(extent: Extent) -> Extent:
    """The largest box of an allowed ratio: the whole width and a part of the height, or the other way round."""
    height, width = extent
    ratio = width.astype(jnp.float32) / height
    flat = jnp.stack([height, jnp.round(height * jnp.float32(RATIO[1])).astype(jnp.int32)])
    tall = jnp.stack([jnp.round(width / jnp.float32(RATIO[0])).astype(jnp.int32), width])
    return jnp.where(ratio < RATIO[0], tall, jnp.where(ratio > RATIO[1], flat, extent))


def _uniform(key: Key[Array, ""], low: float, high: float, *, shape: tuple[int, ...]) -> Float32[Array, "..."]:
    return jax.random.uniform(key, shape, jnp.float32, low, high)


def _zero() -> Extent:
    return jnp.zeros(2, jnp.int32)
