"""Norm layers: statistics and parameters in float32, whatever type passes through."""

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
            return self._normalised(x, self.mean, self.variance), self
        values = x.astype(jnp.float32)
        mean, variance = jnp.mean(values, (0, 1, 2)), jnp.var(values, (0, 1, 2))
        count = x.shape[0] * x.shape[1] * x.shape[2]
        unbiased = variance * (count / max(count - 1, 1))
        statistics = (
            (1 - MOMENTUM) * self.mean + MOMENTUM * jax.lax.stop_gradient(mean),
            (1 - MOMENTUM) * self.variance + MOMENTUM * jax.lax.stop_gradient(unbiased),
        )
        after = eqx.tree_at(lambda norm: (norm.mean, norm.variance), self, statistics)
        return self._normalised(x, mean, variance), after

    def _normalised(self, x: Array, mean: Array, variance: Array) -> Array:
        return ((x - mean) * (self.scale * jax.lax.rsqrt(variance + self.epsilon)) + self.shift).astype(x.dtype)


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
        values = x.astype(jnp.float32)
        mean, variance = jnp.mean(values, -1, keepdims=True), jnp.var(values, -1, keepdims=True)
        return ((values - mean) * jax.lax.rsqrt(variance + self.epsilon) * self.scale + self.shift).astype(x.dtype)
