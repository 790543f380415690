"""MobileNetV2's depthwise convolutions in several ways, to be timed in a training step on a GPU.

A depthwise convolution has a kernel for each channel. As a sum of shifted pictures it is fast on a CPU; a GPU may do
better with the library's grouped convolution, forward or for either gradient.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Key

from examples.mobilenet_v2 import STAGES, Block, Convolution, MobileNetV2

#: Outputs of the stages; before them the stem's, after them the last convolution's.
STEM, OUTPUTS, LAST = 32, (16, 24, 32, 64, 96, 160, 320), 1280
Way = Callable[[Array, Array, int], Array]
#: The class's own way, before anybody replaces it.
_own = Convolution._each_channel


def shifted(x: Float32[Array, "n side side c"], kernel: Float32[Array, "size size 1 c"], stride: int) -> Array:
    """A sum of shifted pictures."""
    return _own(Convolution(kernel, jnp.zeros(()), stride), x)


def grouped(x: Float32[Array, "n side side c"], kernel: Float32[Array, "size size 1 c"], stride: int) -> Array:
    """The library's, with as many groups as channels."""
    return jax.lax.conv_general_dilated(
        x, kernel, (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=x.shape[-1],
    )  # fmt: skip


def each_by(of_images: Way, of_kernel: Way) -> Callable[[Convolution, Array], Array]:
    """A method for `Convolution`: outputs and the images' gradient by one way, the kernel's gradient by another."""

    @partial(jax.custom_vjp, nondiff_argnums=(2,))
    def convolved(x: Array, kernel: Array, stride: int) -> Array:
        return of_images(x, kernel, stride)

    def forward(x: Array, kernel: Array, stride: int) -> tuple[Array, tuple[Array, Array]]:
        return of_images(x, kernel, stride), (x, kernel)

    def backward(stride: int, kept: tuple[Array, Array], gradient: Array) -> tuple[Any, ...]:
        x, kernel = kept
        (to_images,) = jax.vjp(lambda x: of_images(x, kernel, stride), x)[1](gradient)
        (to_kernel,) = jax.vjp(lambda kernel: of_kernel(x, kernel, stride), kernel)[1](gradient)
        return to_images, to_kernel

    convolved.defvjp(forward, backward)

    def each_channel(convolution: Convolution, x: Array) -> Array:
        return convolved(x, convolution.kernel, convolution.stride)

    return each_channel


def mobilenet_v2(*, key: Key[Array, ""]) -> MobileNetV2:
    """The network of the published size at random weights."""

    def convolution(size: int, inputs: int, outputs: int, stride: int = 1) -> Convolution:
        shapes = (size, size, inputs, outputs), (outputs,)
        return Convolution(*(jnp.zeros(shape, jnp.float32) for shape in shapes), stride)

    layers, channels = [], STEM
    for (expansion, count, first_stride), outputs in zip(STAGES, OUTPUTS, strict=True):
        for index in range(count):
            inner = expansion * channels
            expand = None if expansion == 1 else convolution(1, channels, inner)
            spread = convolution(3, 1, inner, first_stride if index == 0 else 1)
            layers.append(Block(expand, spread, convolution(1, inner, outputs)))
            channels = outputs
    network = MobileNetV2(convolution(3, 3, STEM, 2), tuple(layers), convolution(1, channels, LAST))
    return network.reinitialised(key=key)
