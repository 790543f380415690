"""Convolution: float32 kernels, computed in the type of what comes in, on a CPU as matrix products where those win."""

from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Float32

#: On a CPU, `lax.conv_general_dilated` falls back to loops where a kernel of 3 sees no more positions a side: 3 x 3
#: kernels from 512 to 512 channels on 8 images of side 2 take 44 ms, and 0.4 ms as a product over gathered patches.
GATHERED_UP_TO = 3
#: Patches of fewer channels are gathered by runs of columns: 7 x 7 patches of 3 channels took 1.6 ms of 64 images, and
#: 1.05 ms by runs; of 24 channels and more, runs were slower to differentiate.
FEW_CHANNELS = 8


class Convolution(eqx.Module):
    """A square kernel without bias, padded by half its size on all sides, as PyTorch has it; `pad` False: not at all.

    XLA's "SAME" would pad a strided kernel more on one side than on the other.
    """

    kernel: Float32[Array, "size size inputs outputs"]
    stride: int = eqx.field(static=True)
    pad: bool = eqx.field(static=True)

    def __init__(self, kernel: Float32[Array, "size size inputs outputs"], *, stride: int = 1, pad: bool = True):
        self.kernel = kernel
        self.stride = stride
        self.pad = pad

    def __call__(self, x: Float[Array, "n side side inputs"]) -> Float[Array, "n out out outputs"]:
        """The convolved batch, in the type of `x`; on a CPU a matrix product for 1 x 1 kernels and for small maps."""
        size = self.kernel.shape[0]
        padding = size // 2 if self.pad else 0
        direct = partial(convolved, stride=self.stride, padding=(padding, padding))
        kernel = self.kernel.astype(x.dtype)
        positions = (x.shape[1] + 2 * padding - size) // self.stride + 1
        gathered = partial(gathered_product, stride=self.stride, padding=(padding, padding))
        if 1 < size == self.stride and padding == 0:
            return gathered(x, kernel)  # windows side by side: every number is read once
        if size > 1 and positions > GATHERED_UP_TO:
            return direct(x, kernel)
        # A kernel of one position is a product of matrices: on a CPU up to twice as fast forward, four times backward.
        return jax.lax.platform_dependent(x, kernel, cpu=gathered, default=direct)


class BiasedConvolution(eqx.Module):
    """A convolution and a bias for each of its outputs."""

    convolution: Convolution
    bias: Float32[Array, " outputs"]

    def __call__(self, x: Float[Array, "n side side inputs"]) -> Float[Array, "n out out outputs"]:
        """The convolved batch and the bias, in the type of `x`."""
        return self.convolution(x) + self.bias.astype(x.dtype)


class DepthwiseConvolution(eqx.Module):
    """A kernel for each channel, with bias, padded by half its size."""

    kernel: Float32[Array, "size size 1 c"]
    bias: Float32[Array, " c"]

    def __call__(self, x: Float[Array, "n side side c"]) -> Float[Array, "n side side c"]:
        """The convolved batch, in the type of `x`."""
        half = self.kernel.shape[0] // 2
        convolved = jax.lax.conv_general_dilated(
            x, self.kernel.astype(x.dtype), (1, 1), ((half, half), (half, half)),
            dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=x.shape[-1],
        )  # fmt: skip
        return convolved + self.bias.astype(x.dtype)


def convolved(
    x: Float[Array, "n side side inputs"], kernel: Float[Array, "size size inputs outputs"], *, stride: int,
    padding: tuple[int, int],
) -> Float[Array, "n out out outputs"]:  # fmt: skip
    """A convolution by XLA's own means, padded with so many zeros before and after.

    Args:
      padding: zeros before and after, in both directions of the image.
    """
    return jax.lax.conv_general_dilated(
        x, kernel, (stride, stride), (padding, padding), dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def gathered_product(
    x: Float[Array, "n side side inputs"], kernel: Float[Array, "size size inputs outputs"], *, stride: int,
    padding: tuple[int, int],
) -> Float[Array, "n out out outputs"]:  # fmt: skip
    """A convolution as one matrix product over gathered patches, padded with so many zeros before and after.

    Args:
      padding: zeros before and after, in both directions of the image.
    """
    size, _, inputs, outputs = kernel.shape
    n, side = x.shape[:2]
    out = (side + sum(padding) - size) // stride + 1
    reach = (out - 1) * stride + 1
    # Runs of `stride` columns lie side by side in memory: few long copies in the place of many of three numbers.
    run = stride if inputs < FEW_CHANNELS else 1
    blocks, step = -(-(side + sum(padding)) // run), stride // run
    x = jnp.pad(x, ((0, 0), padding, (padding[0], run * blocks - side - padding[0]), (0, 0)))
    x = x.reshape(n, x.shape[1], blocks, run * inputs)
    shifted = [
        x[:, row : row + reach : stride, first // run : first // run + (out - 1) * step + 1 : step,
          : min(run, size - first) * inputs]
        for row in range(size)
        for first in range(0, size, run)
    ]  # fmt: skip
    patches = jnp.concatenate(shifted, axis=-1).reshape(-1, size * size * inputs)
    return (patches @ kernel.reshape(-1, outputs)).reshape(n, out, out, outputs)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def convolved_unless_differentiated(
    x: Float[Array, "n side side inputs"], kernel: Float[Array, "size size inputs outputs"], padding: tuple[int, int]
) -> Float[Array, "n out out outputs"]:
    """A convolution without stride: XLA's own, or where it is differentiated a product over gathered patches.

    On a CPU XLA's own took half the time (of 3 x 3 kernels on 8 x 8 positions), but inside a loop of steps its
    gradients took 8 ms where those of the product took 0.5.

    Args:
      padding: zeros before and after, in both directions of the image.
    """
    return convolved(x, kernel, stride=1, padding=padding)


def _differentiated(x: Array, kernel: Array, padding: tuple[int, int]) -> tuple[Array, Any]:
    return jax.vjp(partial(gathered_product, stride=1, padding=padding), x, kernel)


def _gradients(padding: tuple[int, int], pull_back: Any, cotangent: Array) -> tuple[Array, Array]:
    return pull_back(cotangent)


convolved_unless_differentiated.defvjp(_differentiated, _gradients)
