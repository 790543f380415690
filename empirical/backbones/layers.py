"""Pooling, linear maps and how weights are drawn: float32 weights, computed in the type of what comes in."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.core import Tracer
from jaxtyping import Array, Float, Float32, Key

from artifacts.runtime import OPTIMISED_A_LITTLE
from empirical.backbones.convolution import Convolution


class Linear(eqx.Module):
    """A linear map with bias, acting on the last axis."""

    kernel: Float32[Array, "inputs outputs"]
    bias: Float32[Array, " outputs"]

    def __call__(self, x: Float[Array, "*n inputs"]) -> Float[Array, "*n outputs"]:
        """The map of every vector along the last axis, in the type of `x`."""
        return x @ self.kernel.astype(x.dtype) + self.bias.astype(x.dtype)


class LayerScale(eqx.Module):
    """A factor for each channel of what a block adds; a weight, not a norm's."""

    kernel: Float32[Array, " c"]

    def __call__(self, x: Float[Array, "*n c"]) -> Float[Array, "*n c"]:
        """The scaled vectors along the last axis, in the type of `x`."""
        return x * self.kernel.astype(x.dtype)


def max_pooled(x: Float[Array, "n side side c"]) -> Float[Array, "n out out c"]:
    """Largest value in windows of 3 x 3, stride 2, padded by one."""
    padding = ((0, 0), (1, 1), (1, 1), (0, 0))
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 3, 3, 1), (1, 2, 2, 1), padding)


def average_pooled(x: Float[Array, "n side side c"], size: int) -> Float[Array, "n out out c"]:
    """Mean over disjoint windows; what is left at the right and lower edge is dropped."""
    if size == 1:
        return x
    n, side, _, channels = x.shape
    out = side // size
    x = x[:, : out * size, : out * size].reshape(n, out, size, out, size, channels)
    return jnp.mean(x.astype(jnp.float32), (2, 4)).astype(x.dtype)


def scaled_normal(shape: tuple[int, ...], fan: int, *, key: Key[Array, ""]) -> Float32[Array, "..."]:
    """Normal with variance 2 / fan: He initialisation.

    Args:
      fan: a unit's number of connections, in or out, as the network's authors have it.
    """
    # Options of the compiler are for outermost programs only.
    draw = jax.random.normal if isinstance(key, Tracer) else _normal
    return math.sqrt(2 / fan) * draw(key, shape, jnp.float32)


#: The generator's unrolled rounds take five times as long to compile with all optimisations, and draw the same.
_normal = jax.jit(jax.random.normal, static_argnames=("shape", "dtype"), compiler_options=OPTIMISED_A_LITTLE)


def bounded_uniform(shape: tuple[int, ...], fan_in: int, *, key: Key[Array, ""]) -> Float32[Array, "..."]:
    """Uniform in +-1/sqrt(fan_in): PyTorch's default for weights and biases of linear maps and convolutions."""
    bound = 1 / math.sqrt(fan_in)
    return jax.random.uniform(key, shape, jnp.float32, -bound, bound)


def default_convolution(size: int, inputs: int, outputs: int, *, key: Key[Array, ""], stride: int = 1) -> Convolution:
    """A convolution without bias, drawn by PyTorch's default."""
    kernel = bounded_uniform((size, size, inputs, outputs), size * size * inputs, key=key)
    return Convolution(kernel, stride=stride)


def default_linear(inputs: int, outputs: int, *, key: Key[Array, ""]) -> Linear:
    """A linear map, weights and biases drawn by PyTorch's default."""
    kernel, bias = jax.random.split(key)
    return Linear(bounded_uniform((inputs, outputs), inputs, key=kernel), bounded_uniform((outputs,), inputs, key=bias))
