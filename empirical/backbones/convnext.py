"""ConvNeXt as torchvision and timm have it: the mean over positions behind a norm.

Source: Liu et al. 2022; torchvision `convnext.py`, timm `convnext.py`: exact GELU, norms over channels with epsilon
1e-6, what a block adds scaled channel by channel.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Float32, Key, PyTree

from empirical.backbones.backbone import Backbone, Forward, Role
from empirical.backbones.convolution import BiasedConvolution, Convolution, DepthwiseConvolution
from empirical.backbones.layers import LayerScale, Linear
from empirical.backbones.normalisation import LayerNorm
from empirical.backbones.roles import roles_by_field
from empirical.backbones.sizes import ConvNextSize
from empirical.records import NormMode

EPSILON = 1e-6
#: Standard deviation of fresh weights, a normal law cut at two of them.
DEVIATION = 0.02
#: What layer scales start from.
SCALE = 1e-6
#: Sides of the patches of the stem, of a kernel, and of what a stage puts together.
PATCH, KERNEL, HALVING = 4, 7, 2


class ConvNextBlock(eqx.Module):
    """A depthwise convolution and a two-layer map beside a shortcut; the first of a stage halves the sides before."""

    halving_norm: LayerNorm | None
    halving: BiasedConvolution | None
    depthwise: DepthwiseConvolution
    map_norm: LayerNorm
    expand: Linear
    contract: Linear
    scale: LayerScale

    def __init__(self, inputs: int, width: int, *, halves: bool, key: Key[Array, ""]):
        halving, depthwise, expand, contract = jax.random.split(key, 4)
        self.halving_norm = LayerNorm(inputs, epsilon=EPSILON) if halves else None
        self.halving = _patches(HALVING, inputs, width, key=halving) if halves else None
        kernel = _normal((KERNEL, KERNEL, 1, width), key=depthwise)
        self.depthwise = DepthwiseConvolution(kernel, jnp.zeros(width, jnp.float32))
        self.map_norm = LayerNorm(width, epsilon=EPSILON)
        self.expand, self.contract = _linear(width, 4 * width, key=expand), _linear(4 * width, width, key=contract)
        self.scale = LayerScale(jnp.full(width, SCALE, jnp.float32))

    def __call__(self, x: Float[Array, "n side side inputs"]) -> Float[Array, "n out out c"]:
        """The map of a batch, in the type of `x`."""
        if self.halving is not None and self.halving_norm is not None:
            x = self.halving(self.halving_norm(x))
        y = self.expand(self.map_norm(self.depthwise(x)))
        return x + self.scale(self.contract(jax.nn.gelu(y, approximate=False)))


class ConvNext(Backbone):
    """Global-average-pool features behind a norm; no norm statistics, so norm modes do not differ.

    Images come standardised by the data set's pipeline.
    """

    stem: BiasedConvolution
    stem_norm: LayerNorm
    layers: tuple[ConvNextBlock, ...]
    after_norm: LayerNorm
    size: ConvNextSize = eqx.field(static=True)
    compute_dtype: Any = eqx.field(static=True)
    rematerialise: bool = eqx.field(static=True)

    def __init__(
        self, size: ConvNextSize, *, key: Key[Array, ""], compute_dtype: Any = jnp.float32, rematerialise: bool = False
    ):
        stem, *keys = jax.random.split(key, sum(size.depths) + 1)
        self.stem = _patches(PATCH, 3, size.widths[0], key=stem)
        self.stem_norm = LayerNorm(size.widths[0], epsilon=EPSILON)
        layers, inputs = [], size.widths[0]
        for stage, (depth, width) in enumerate(zip(size.depths, size.widths, strict=True)):
            for index in range(depth):
                halves = stage > 0 and index == 0
                layers.append(ConvNextBlock(inputs, width, halves=halves, key=keys[len(layers)]))
                inputs = width
        self.layers = tuple(layers)
        self.after_norm = LayerNorm(inputs, epsilon=EPSILON)
        self.size = size
        self.compute_dtype = jnp.dtype(compute_dtype)
        self.rematerialise = rematerialise

    @property
    def feature_dim(self) -> int:
        """Channels of the last stage."""
        return self.size.feature_dim

    @property
    def blocks(self) -> int:
        """Number of blocks in all stages together."""
        return len(self.layers)

    @property
    def side(self) -> None:
        """None: the mean over positions takes any side."""
        return None

    def __call__(self, images: Float32[Array, "n side side 3"], norm_mode: NormMode) -> Forward:
        """Features averaged over positions and normalised; the norm mode changes nothing."""
        x = self.stem_norm(self.stem(images.astype(self.compute_dtype)))

        def applied(layer: ConvNextBlock, x: Array) -> Array:
            return layer(x)

        apply: Any = eqx.filter_checkpoint(applied) if self.rematerialise else applied
        for layer in self.layers:
            x = apply(layer, x)
        return Forward(self.after_norm(jnp.mean(x.astype(jnp.float32), (1, 2))), self)

    def roles(self) -> PyTree[Role]:
        """By field; what halves the sides belongs to the block behind it, the last norm to the last block."""
        return roles_by_field(self, last=("after_norm",))

    def reinitialised(self, *, key: Key[Array, ""]) -> "ConvNext":
        """The same architecture and precision with fresh weights."""
        return ConvNext(self.size, key=key, compute_dtype=self.compute_dtype, rematerialise=self.rematerialise)


def _normal(shape: tuple[int, ...], *, key: Key[Array, ""]) -> Float32[Array, "..."]:
    return DEVIATION * jax.random.truncated_normal(key, -2, 2, shape, jnp.float32)


def _linear(inputs: int, outputs: int, *, key: Key[Array, ""]) -> Linear:
    return Linear(_normal((inputs, outputs), key=key), jnp.zeros(outputs, jnp.float32))


def _patches(size: int, inputs: int, outputs: int, *, key: Key[Array, ""]) -> BiasedConvolution:
    kernel = _normal((size, size, inputs, outputs), key=key)
    return BiasedConvolution(Convolution(kernel, stride=size, pad=False), jnp.zeros(outputs, jnp.float32))
