"""A batch normalised by its own statistics, with a gradient that reads the batch once for all of its sums.

What differentiation makes of mean and variance reads the batch several times more, and that is what a normalised
network spends most of its time with on a GPU.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Float32

EPSILON = 1e-5
#: Of a batch of images: all but the channels.
AXES = (0, 1, 2)
Images = Float[Array, "n side side c"]
Channels = Float32[Array, " c"]


class Normalised(NamedTuple):
    """The batch at mean 0 and variance 1, scaled and shifted; and what it had (biased variance), without gradients."""

    images: Images
    mean: Channels
    variance: Channels


class _Kept(NamedTuple):
    x: Images
    mean: Channels
    rate: Channels
    scale: Channels


@jax.custom_vjp
def by_own_statistics(x: Images, scale: Channels, shift: Channels, near: Channels) -> Normalised:
    """Normalise over images and pixels, in float32 whatever type passes through.

    Args:
      near: about the mean, such as a running one. Squares are taken around it, so that one pass over the batch gives
        the mean and a variance that does not cancel; it gets no gradient.
    """
    return _forward(x, scale, shift, near)[0]


def _forward(x: Images, scale: Channels, shift: Channels, near: Channels) -> tuple[Normalised, _Kept]:
    away = x.astype(jnp.float32) - near
    first, second = jnp.mean(away, AXES), jnp.mean(jnp.square(away), AXES)
    mean, variance = near + first, jnp.maximum(second - jnp.square(first), 0)
    rate = jax.lax.rsqrt(variance + EPSILON)
    images = ((x - mean) * (scale * rate) + shift).astype(x.dtype)
    return Normalised(images, mean, variance), _Kept(x, mean, rate, scale)


def _backward(kept: _Kept, gradient: Normalised) -> tuple[Images, Channels, Channels, Channels]:
    standard = (kept.x - kept.mean) * kept.rate
    slope = gradient.images.astype(jnp.float32)
    shift, scale = jnp.sum(slope, AXES), jnp.sum(slope * standard, AXES)
    count = kept.x.size // kept.x.shape[-1]
    x = kept.scale * kept.rate * (slope - (shift + standard * scale) / count)
    return x.astype(kept.x.dtype), scale, shift, jnp.zeros_like(shift)


by_own_statistics.defvjp(_forward, _backward)
