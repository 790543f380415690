"""CLIP's residual network: three stem convolutions, average pools in place of strides, attention in place of the mean.

Source: Radford et al. 2021; openai/CLIP `model.py`, ModifiedResNet.
"""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Float32, Key, PyTree

from empirical.backbones.backbone import Backbone, Forward, Role
from empirical.backbones.clip_input import standardised
from empirical.backbones.convolution import Convolution
from empirical.backbones.layers import Linear, average_pooled, bounded_uniform, default_convolution
from empirical.backbones.normalisation import BatchNorm
from empirical.backbones.resnet import bottlenecks, through, with_norms
from empirical.backbones.roles import roles_by_field
from empirical.backbones.sizes import CLIP_RN50, EXPANSION, REDUCTION, ClipResNetSize
from empirical.backbones.transformer import HEAD_WIDTH
from empirical.records import NormMode


class ClipBottleneck(eqx.Module):
    """A bottleneck whose stride is an average pool behind the 3 x 3 convolution, and before the shortcut's."""

    first: Convolution
    first_norm: BatchNorm
    second: Convolution
    second_norm: BatchNorm
    third: Convolution
    third_norm: BatchNorm
    shortcut: Convolution | None
    shortcut_norm: BatchNorm | None
    stride: int = eqx.field(static=True)

    def __init__(self, inputs: int, width: int, *, stride: int, key: Key[Array, ""]):
        keys = jax.random.split(key, 4)
        outputs = EXPANSION * width
        self.first = default_convolution(1, inputs, width, key=keys[0])
        self.first_norm = BatchNorm(width)
        self.second = default_convolution(3, width, width, key=keys[1])
        self.second_norm = BatchNorm(width)
        self.third = default_convolution(1, width, outputs, key=keys[2])
        self.third_norm = BatchNorm(outputs, scale=0.0)  # a fresh block is the identity
        same = inputs == outputs and stride == 1
        self.shortcut = None if same else default_convolution(1, inputs, outputs, key=keys[3])
        self.shortcut_norm = None if same else BatchNorm(outputs)
        self.stride = stride

    def __call__(
        self, x: Float[Array, "n side side inputs"], norm_mode: NormMode
    ) -> tuple[Float[Array, "n out out outputs"], "ClipBottleneck"]:
        """The output, and the block with the statistics that the pass left behind."""
        y, first = self.first_norm(self.first(x), norm_mode)
        y, second = self.second_norm(self.second(jax.nn.relu(y)), norm_mode)
        y, third = self.third_norm(self.third(average_pooled(jax.nn.relu(y), self.stride)), norm_mode)
        shortcut = None
        if self.shortcut is not None and self.shortcut_norm is not None:
            x, shortcut = self.shortcut_norm(self.shortcut(average_pooled(x, self.stride)), norm_mode)
        return jax.nn.relu(x + y), with_norms(self, (first, second, third, shortcut))


class AttentionPool(eqx.Module):
    """The mean of all positions asks the positions and itself."""

    positions: Float32[Array, "t c"]
    queries: Linear
    keys: Linear
    values: Linear
    outputs: Linear
    heads: int = eqx.field(static=True)

    def __init__(self, side: int, width: int, outputs: int, *, key: Key[Array, ""]):
        positions, *keys = jax.random.split(key, 5)
        scale = 1 / math.sqrt(width)
        self.positions = scale * jax.random.normal(positions, (side**2 + 1, width), jnp.float32)
        maps = [
            _normal_linear(width, out, key=layer_key)
            for out, layer_key in zip((width,) * 3 + (outputs,), keys, strict=True)
        ]
        self.queries, self.keys, self.values, self.outputs = maps
        self.heads = width // HEAD_WIDTH

    def __call__(self, x: Float[Array, "n side side c"]) -> Float[Array, "n k"]:
        """One vector an image; the mean over positions is the only query."""
        n, _, _, channels = x.shape
        tokens = x.reshape(n, -1, channels)
        mean = jnp.mean(tokens.astype(jnp.float32), axis=1, keepdims=True).astype(x.dtype)
        tokens = jnp.concatenate([mean, tokens], axis=1) + self.positions.astype(x.dtype)
        split = (n, -1, self.heads, channels // self.heads)
        pooled = jax.nn.dot_product_attention(
            self.queries(tokens[:, :1]).reshape(split),
            self.keys(tokens).reshape(split),
            self.values(tokens).reshape(split),
        )
        return self.outputs(pooled.reshape(n, channels))


class ClipResNet(Backbone):
    """Attention-pooled features of images in [0, 1]; RN50 by default, 38,316,896 parameters, 1024 features.

    The attention pool counts as the last block.
    """

    stems: tuple[Convolution, ...]
    stem_norms: tuple[BatchNorm, ...]
    layers: tuple[ClipBottleneck, ...]
    pool: AttentionPool
    depths: tuple[int, ...] = eqx.field(static=True)
    compute_dtype: Any = eqx.field(static=True)
    rematerialise: bool = eqx.field(static=True)

    def __init__(
        self, depths: tuple[int, ...] = CLIP_RN50.depths, width: int = CLIP_RN50.width,
        outputs: int = CLIP_RN50.outputs, side: int = CLIP_RN50.side, *,
        key: Key[Array, ""], compute_dtype: Any = jnp.float32, rematerialise: bool = False,
    ):  # fmt: skip
        pool, *keys = jax.random.split(key, sum(depths) + 4)
        half = width // 2
        self.stems = (
            default_convolution(3, 3, half, stride=2, key=keys[-1]),
            default_convolution(3, half, half, key=keys[-2]),
            default_convolution(3, half, width, key=keys[-3]),
        )
        self.stem_norms = (BatchNorm(half), BatchNorm(half), BatchNorm(width))
        self.layers = bottlenecks(ClipBottleneck, depths, width, keys)
        self.pool = AttentionPool(side // REDUCTION, self.layers[-1].third.kernel.shape[-1], outputs, key=pool)
        self.depths = depths
        self.compute_dtype = jnp.dtype(compute_dtype)
        self.rematerialise = rematerialise

    @property
    def size(self) -> ClipResNetSize:
        """Blocks, channels, features and side, from which the names of its tensors follow."""
        return ClipResNetSize(self.depths, self.stems[-1].kernel.shape[-1], self.feature_dim, self.side)

    @property
    def feature_dim(self) -> int:
        """Number of outputs of the attention pool."""
        return len(self.pool.outputs.bias)

    @property
    def blocks(self) -> int:
        """The bottlenecks, and the attention pool as the last block."""
        return len(self.layers) + 1

    @property
    def side(self) -> int:
        """The side that the attention pool has positions for: one for every 32 x 32 pixels."""
        return REDUCTION * math.isqrt(len(self.pool.positions) - 1)

    def __call__(self, images: Float32[Array, "n side side 3"], norm_mode: NormMode) -> Forward:
        """Attention-pooled features; images are in [0, 1] and are standardised here."""
        x, stem_norms = standardised(images).astype(self.compute_dtype), []
        for stem, norm in zip(self.stems, self.stem_norms, strict=True):
            x, updated = norm(stem(x), norm_mode)
            x = jax.nn.relu(x)
            stem_norms.append(updated)
        x, layers = through(self.layers, average_pooled(x, 2), norm_mode, rematerialise=self.rematerialise)
        network = eqx.tree_at(lambda net: (net.stem_norms, net.layers), self, (tuple(stem_norms), layers))
        return Forward(self.pool(x).astype(jnp.float32), network)

    def roles(self) -> PyTree[Role]:
        """By field; the attention pool belongs to the last block."""
        return roles_by_field(self, last=("pool",))

    def reinitialised(self, *, key: Key[Array, ""]) -> "ClipResNet":
        """The same architecture, precision and side with fresh weights."""
        return ClipResNet(
            *self.size, key=key, compute_dtype=self.compute_dtype, rematerialise=self.rematerialise,
        )  # fmt: skip


def _normal_linear(inputs: int, outputs: int, *, key: Key[Array, ""]) -> Linear:
    kernel, bias = jax.random.split(key)
    drawn = jax.random.normal(kernel, (inputs, outputs), jnp.float32) / math.sqrt(inputs)
    return Linear(drawn, bounded_uniform((outputs,), inputs, key=bias))
