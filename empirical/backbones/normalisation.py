"""Norm layers: statistics and parameters in float32, whatever type passes through.

The gradients of `BatchNorm` are written out, so that each sum over positions is taken once, of numbers that lie in
memory. What XLA derives by itself computes them anew for every channel and every sum on a CPU: a step of the small
residual network took 1.6 times as long in train mode, 1.2 times in eval mode.
"""

from functools import partial
from typing import Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Float32

from empirical.records import NormMode

MOMENTUM = 0.1  # PyTorch's convention: new = 0.9 old + 0.1 batch; biased in the batch, unbiased in the buffer
EPSILON = 1e-5


class BatchNorm(eqx.Module):
    """Scale and shift are trained; mean and variance are running statistics.

    Attributes:
      epsilon: added to the variance; PyTorch's 1e-5, where Keras has 1e-3.
    """

    scale: Float32[Array, " c"]
    shift: Float32[Array, " c"]
    mean: Float32[Array, " c"]
    variance: Float32[Array, " c"]
    epsilon: float = eqx.field(static=True)

    def __init__(self, channels: int, *, scale: float = 1.0, epsilon: float = EPSILON):
        self.epsilon = epsilon
        self.scale = jnp.full(channels, scale, jnp.float32)
        self.variance = jnp.ones(channels, jnp.float32)
        self.shift = self.mean = jnp.zeros(channels, jnp.float32)

    def __call__(
        self, x: Float[Array, "n side side c"], norm_mode: NormMode
    ) -> tuple[Float[Array, "n side side c"], "BatchNorm"]:
        """The normalised batch, and the layer with its running statistics after it.

        In train mode the batch's own statistics normalise, and gradients flow through them; in eval mode the running
        ones do, and the layer comes back as it was.
        """
        if norm_mode == "eval":
            return _normalised(x, self.scale, self.shift, self.mean, self.variance, self.epsilon), self
        normalised, mean, variance = _with_statistics(x, self.scale, self.shift, self.mean, self.epsilon)
        count = x.shape[0] * x.shape[1] * x.shape[2]
        unbiased = variance * (count / max(count - 1, 1))
        statistics = (
            (1 - MOMENTUM) * self.mean + MOMENTUM * jax.lax.stop_gradient(mean),
            (1 - MOMENTUM) * self.variance + MOMENTUM * jax.lax.stop_gradient(unbiased),
        )
        return normalised, eqx.tree_at(lambda norm: (norm.mean, norm.variance), self, statistics)


class LayerNorm(eqx.Module):
    """Normalises the features of each token; it looks at no other example and keeps no statistics.

    Attributes:
      epsilon: added to the variance; 1e-6 in timm's and torchvision's ViT and ConvNeXt.
    """

    scale: Float32[Array, " c"]
    shift: Float32[Array, " c"]
    epsilon: float = eqx.field(static=True)

    def __init__(self, channels: int, *, epsilon: float = EPSILON):
        self.epsilon = epsilon
        self.scale = jnp.ones(channels, jnp.float32)
        self.shift = jnp.zeros(channels, jnp.float32)

    def __call__(self, x: Float[Array, "*n c"]) -> Float[Array, "*n c"]:
        """Every vector along the last axis at mean 0 and variance 1, then scaled and shifted; in the type of `x`."""
        # As rows: with three axes XLA lets a GPU keep the batch innermost, and transpose for every product.
        rows = x.reshape(-1, x.shape[-1]).astype(jnp.float32)
        mean, variance = jnp.mean(rows, -1, keepdims=True), jnp.var(rows, -1, keepdims=True)
        normalised = (rows - mean) * jax.lax.rsqrt(variance + self.epsilon) * self.scale + self.shift
        return normalised.astype(x.dtype).reshape(x.shape)


@partial(jax.custom_vjp, nondiff_argnums=(5,))
def _normalised(
    x: Float[Array, "*n c"], scale: Float32[Array, " c"], shift: Float32[Array, " c"], mean: Float32[Array, " c"],
    variance: Float32[Array, " c"], epsilon: float,
) -> Float[Array, "*n c"]:  # fmt: skip
    """Normalised by given statistics, then scaled and shifted."""
    return ((x - mean) * (scale * jax.lax.rsqrt(variance + epsilon)) + shift).astype(x.dtype)


def _normalised_forward(x: Array, scale: Array, shift: Array, mean: Array, variance: Array, epsilon: float) -> Any:
    return _normalised(x, scale, shift, mean, variance, epsilon), (x, scale, mean, jax.lax.rsqrt(variance + epsilon))


def _normalised_backward(epsilon: float, kept: tuple[Array, ...], cotangent: Array) -> tuple[Array, ...]:
    x, scale, mean, inverse = kept
    of_scale, of_shift = _parameters(x - mean, inverse, cotangent)
    of_mean, of_variance = -scale * inverse * of_shift, -0.5 * scale * inverse**2 * of_scale
    return (cotangent * (scale * inverse)).astype(x.dtype), of_scale, of_shift, of_mean, of_variance


_normalised.defvjp(_normalised_forward, _normalised_backward)


@partial(jax.custom_vjp, nondiff_argnums=(4,))
def _normalised_by_batch(
    x: Float[Array, "*n c"], scale: Float32[Array, " c"], shift: Float32[Array, " c"], near: Float32[Array, " c"],
    epsilon: float,
) -> tuple[Float[Array, "*n c"], Float32[Array, " c"], Float32[Array, " c"]]:  # fmt: skip
    """Normalised by the batch's own mean and biased variance, which come with it; no gradient flows from these two.

    Args:
      near: about the mean.
    """
    mean, variance = _moments(x, near)
    return _normalised(x, scale, shift, mean, variance, epsilon), mean, variance


def _with_statistics(x: Array, scale: Array, shift: Array, near: Array, epsilon: float) -> tuple[Array, Array, Array]:
    # The decorator loses its type.
    return cast(tuple[Array, Array, Array], _normalised_by_batch(x, scale, shift, near, epsilon))


def _moments(x: Float[Array, "*n c"], near: Float32[Array, " c"]) -> tuple[Float32[Array, " c"], Float32[Array, " c"]]:
    """Mean and biased variance; an accelerator, whose memory is what a norm waits for, reads the batch once."""
    return jax.lax.platform_dependent(x, near, cpu=_read_twice, default=_read_once)


def _read_twice(x: Array, near: Array) -> tuple[Array, Array]:
    values, positions = x.astype(jnp.float32), tuple(range(x.ndim - 1))
    return jnp.mean(values, positions), jnp.var(values, positions)


def _read_once(x: Array, near: Array) -> tuple[Array, Array]:
    """Squares are taken around `near`, so that their difference does not cancel."""
    away, positions = x.astype(jnp.float32) - near, tuple(range(x.ndim - 1))
    first, second = jnp.mean(away, positions), jnp.mean(jnp.square(away), positions)
    return near + first, jnp.maximum(second - jnp.square(first), 0)


def _by_batch_forward(x: Array, scale: Array, shift: Array, near: Array, epsilon: float) -> Any:
    normalised, mean, variance = _with_statistics(x, scale, shift, near, epsilon)
    return (normalised, mean, variance), (x, scale, mean, jax.lax.rsqrt(variance + epsilon))


def _by_batch_backward(epsilon: float, kept: tuple[Array, ...], cotangents: tuple[Array, ...]) -> tuple[Array, ...]:
    x, scale, mean, inverse = kept
    cotangent, count = cotangents[0], x.size // x.shape[-1]
    of_scale, of_shift = _parameters(x - mean, inverse, cotangent)
    # What scale and shift take up by themselves cannot be gained by moving `x`.
    left = cotangent - of_shift / count - (x - mean) * inverse * (of_scale / count)
    return (scale * inverse * left).astype(x.dtype), of_scale, of_shift, jnp.zeros_like(mean)


_normalised_by_batch.defvjp(_by_batch_forward, _by_batch_backward)


def _parameters(centred: Array, inverse: Array, cotangent: Array) -> tuple[Array, Array]:
    """Gradients of scale and shift."""
    cotangent = cotangent.astype(jnp.float32)
    return _summed(cotangent * centred) * inverse, _summed(cotangent)


def _summed(values: Float32[Array, "*n c"]) -> Float32[Array, " c"]:
    """Sums over positions, on a CPU as a product of matrices: its operands are brought into memory first."""
    rows = values.reshape(-1, values.shape[-1])
    return jax.lax.platform_dependent(
        rows, cpu=lambda rows: jnp.ones(len(rows), rows.dtype) @ rows, default=lambda rows: jnp.sum(rows, 0)
    )
