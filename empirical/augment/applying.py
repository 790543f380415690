"""Applies a transform to a batch of images, on the device."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Int, Key, UInt8

from empirical.augment import crops
from empirical.augment.resampling import Window, view
from empirical.augment.transforms import MEAN, Colour, Transform


@partial(jax.jit, static_argnames="transform")
def apply(
    images: UInt8[Array, "b h w 3"], extents: Int[Array, "b 2"], indices: Int[Array, " b"], *,
    transform: Transform, key: Key[Array, ""],
) -> Float32[Array, "b side side 3"]:  # fmt: skip
    """Images of a batch, transformed.

    What is drawn for an image depends on the key and its index alone, not on the batch that it came in: give each
    epoch a key of its own.

    Args:
      images: at the top left of a canvas, of which `extents` (height, width) is filled; the rest never shows.
    """

    def one(image: Array, extent: Array, index: Array) -> Float32[Array, "side side 3"]:
        window = _window(extent.astype(jnp.int32), transform, key=jax.random.fold_in(key, index))
        return view(image, window, side=transform.side, kernel=transform.kernel)

    return scaled(jax.vmap(one)(images, extents, indices), transform.deviation)


def apply_to_batch(
    images: UInt8[np.ndarray, "b h w 3"], extents: Int[np.ndarray, "b 2"], indices: Int[np.ndarray, " b"], *,
    transform: Transform, key: Key[Array, ""],
) -> Float32[Array, "b side side 3"]:  # fmt: skip
    """As `apply`, outside `jit`, where sizes are known: resampling is left out where it would change nothing."""
    in_place = transform.keeps_its_side and images.shape[1] == images.shape[2] == transform.side
    if in_place and (extents == transform.side).all():
        return _scaled(images, transform.deviation)
    return apply(
        jnp.asarray(images),
        jnp.asarray(extents, jnp.int32),
        jnp.asarray(indices, jnp.int32),
        transform=transform,
        key=key,
    )


def scaled(
    pictures: UInt8[Array, "b h w 3"] | Float32[Array, "b h w 3"], deviation: Colour | None
) -> Float32[Array, "b h w 3"]:
    """Whole numbers from 0 to 255, which every view consists of, to what the network takes."""
    pictures = pictures / jnp.float32(255)
    if deviation is None:
        return pictures
    return (pictures - jnp.array(MEAN, jnp.float32)) / jnp.array(deviation, jnp.float32)


_scaled = jax.jit(scaled, static_argnames="deviation")


def _window(extent: crops.Extent, transform: Transform, *, key: Key[Array, ""]) -> Window:
    crop_key, flip_key = jax.random.split(key)
    resized = transform.resized or transform.side
    match transform.crop:
        case "random_resized_crop":
            window = crops.random_resized_crop(extent, transform.side, key=crop_key)
        case "resize_random_crop":
            window = crops.resize_random_crop(extent, transform.side, resized, key=crop_key)
        case "resize_centre_crop":
            window = crops.resize_centre_crop(extent, transform.side, resized)
        case "resize":
            window = crops.resize(extent, transform.side)
    return window._replace(flipped=jax.random.bernoulli(flip_key, 0.5) if transform.flip else window.flipped)
