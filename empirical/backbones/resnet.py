"""ResNet, version 1.5: torchvision's and timm's network, that of MoCo, SwAV and the supervised weights.

Source: He et al. 2016; the stride sits in the 3 x 3 convolution of a block (version 1.5), not in its first.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Float32, Key, PyTree

from empirical.backbones.backbone import Backbone, Forward, Role
from empirical.backbones.convolution import Convolution
from empirical.backbones.layers import max_pooled, scaled_normal
from empirical.backbones.normalisation import BatchNorm
from empirical.backbones.roles import roles_by_field
from empirical.backbones.sizes import EXPANSION, RESNET50, ResNetSize
from empirical.records import NormMode

Block = TypeVar("Block", bound=eqx.Module)


class Bottleneck(eqx.Module):
    """1 x 1, 3 x 3 and 1 x 1 convolution beside a shortcut, which is the identity where the shape allows it."""

    first: Convolution
    first_norm: BatchNorm
    second: Convolution
    second_norm: BatchNorm
    third: Convolution
    third_norm: BatchNorm
    shortcut: Convolution | None
    shortcut_norm: BatchNorm | None

    def __init__(self, inputs: int, width: int, *, stride: int, key: Key[Array, ""]):
        keys = jax.random.split(key, 4)
        outputs = EXPANSION * width
        self.first = _convolution(1, inputs, width, key=keys[0])
        self.first_norm = BatchNorm(width)
        self.second = _convolution(3, width, width, stride=stride, key=keys[1])
        self.second_norm = BatchNorm(width)
        self.third = _convolution(1, width, outputs, key=keys[2])
        self.third_norm = BatchNorm(outputs)
        same = inputs == outputs and stride == 1
        self.shortcut = None if same else _convolution(1, inputs, outputs, stride=stride, key=keys[3])
        self.shortcut_norm = None if same else BatchNorm(outputs)

    def __call__(
        self, x: Float[Array, "n side side inputs"], norm_mode: NormMode
    ) -> tuple[Float[Array, "n out out outputs"], "Bottleneck"]:
        """The output, and the block with the statistics that the pass left behind."""
        y, first = self.first_norm(self.first(x), norm_mode)
        y, second = self.second_norm(self.second(jax.nn.relu(y)), norm_mode)
        y, third = self.third_norm(self.third(jax.nn.relu(y)), norm_mode)
        shortcut = None
        if self.shortcut is not None and self.shortcut_norm is not None:
            x, shortcut = self.shortcut_norm(self.shortcut(x), norm_mode)
        return jax.nn.relu(x + y), with_norms(self, (first, second, third, shortcut))


class BasicBlock(eqx.Module):
    """Two 3 x 3 convolutions beside a shortcut, which is the identity where the shape allows it."""

    first: Convolution
    first_norm: BatchNorm
    second: Convolution
    second_norm: BatchNorm
    shortcut: Convolution | None
    shortcut_norm: BatchNorm | None

    def __init__(self, inputs: int, width: int, *, stride: int, key: Key[Array, ""]):
        keys = jax.random.split(key, 3)
        self.first = _convolution(3, inputs, width, stride=stride, key=keys[0])
        self.first_norm = BatchNorm(width)
        self.second = _convolution(3, width, width, key=keys[1])
        self.second_norm = BatchNorm(width)
        same = inputs == width and stride == 1
        self.shortcut = None if same else _convolution(1, inputs, width, stride=stride, key=keys[2])
        self.shortcut_norm = None if same else BatchNorm(width)

    def __call__(
        self, x: Float[Array, "n side side inputs"], norm_mode: NormMode
    ) -> tuple[Float[Array, "n out out outputs"], "BasicBlock"]:
        """The output, and the block with the statistics that the pass left behind."""
        y, first = self.first_norm(self.first(x), norm_mode)
        y, second = self.second_norm(self.second(jax.nn.relu(y)), norm_mode)
        shortcut = None
        if self.shortcut is not None and self.shortcut_norm is not None:
            x, shortcut = self.shortcut_norm(self.shortcut(x), norm_mode)
        return jax.nn.relu(x + y), with_norms(self, (first, second, shortcut))


class ResNet(Backbone):
    """Global-average-pool features of a ResNet; ResNet-50 by default, 23,508,032 parameters, 2048 features.

    Images come standardised by the data set's pipeline.
    """

    stem: Convolution
    stem_norm: BatchNorm
    layers: tuple[Bottleneck | BasicBlock, ...]
    depths: tuple[int, ...] = eqx.field(static=True)
    basic: bool = eqx.field(static=True)
    compute_dtype: Any = eqx.field(static=True)
    rematerialise: bool = eqx.field(static=True)

    def __init__(
        self, depths: tuple[int, ...] = RESNET50.depths, width: int = 64, *, key: Key[Array, ""], basic: bool = False,
        compute_dtype: Any = jnp.float32, rematerialise: bool = False,
    ):  # fmt: skip
        stem, *keys = jax.random.split(key, sum(depths) + 1)
        self.stem = _convolution(7, 3, width, stride=2, key=stem)
        self.stem_norm = BatchNorm(width)
        block, expansion = (BasicBlock, 1) if basic else (Bottleneck, EXPANSION)
        self.layers = bottlenecks(block, depths, width, keys, expansion=expansion)
        self.depths, self.basic = depths, basic
        self.compute_dtype = jnp.dtype(compute_dtype)
        self.rematerialise = rematerialise

    @property
    def size(self) -> ResNetSize:
        """Blocks and channels, from which the names of its tensors follow."""
        return ResNetSize(self.depths, self.stem.kernel.shape[-1], self.basic)

    @property
    def feature_dim(self) -> int:
        """Channels of the last block."""
        return self.size.feature_dim

    @property
    def blocks(self) -> int:
        """Number of residual blocks in all stages together."""
        return len(self.layers)

    @property
    def side(self) -> None:
        """None: the mean over positions takes any side."""
        return None

    def __call__(self, images: Float32[Array, "n side side 3"], norm_mode: NormMode) -> Forward:
        """Features averaged over positions; images are taken as the data set's pipeline leaves them."""
        x, stem_norm = self.stem_norm(self.stem(images.astype(self.compute_dtype)), norm_mode)
        x, layers = through(self.layers, max_pooled(jax.nn.relu(x)), norm_mode, rematerialise=self.rematerialise)
        network = eqx.tree_at(lambda net: (net.stem_norm, net.layers), self, (stem_norm, layers))
        return Forward(jnp.mean(x.astype(jnp.float32), (1, 2)), network)

    def roles(self) -> PyTree[Role]:
        """By field; the stem is block 0."""
        return roles_by_field(self)

    def reinitialised(self, *, key: Key[Array, ""]) -> "ResNet":
        """The same architecture and precision with fresh weights."""
        width = self.stem.kernel.shape[-1]
        return ResNet(
            self.depths, width, key=key, basic=self.basic, compute_dtype=self.compute_dtype,
            rematerialise=self.rematerialise,
        )  # fmt: skip


def bottlenecks(
    block: Callable[..., Any], depths: tuple[int, ...], width: int, keys: list[Key[Array, ""]], *,
    expansion: int = EXPANSION,
) -> tuple[Any, ...]:  # fmt: skip
    """The blocks of all stages in order: inner widths double from stage to stage, and all but the first halve sides.

    Args:
      block: makes a block of input channels, inner width, `stride` and `key`.
      depths: blocks of each stage.
      width: inner width of the first stage, and channels that come in.
      keys: one a block, in order.
      expansion: a block's outputs over its inner width.
    """
    made, inputs = [], width
    for stage, depth in enumerate(depths):
        for index in range(depth):
            stride = 2 if stage > 0 and index == 0 else 1
            made.append(block(inputs, width << stage, stride=stride, key=keys[len(made)]))
            inputs = expansion * (width << stage)
    return tuple(made)


def through(
    layers: tuple[Any, ...], x: Array, norm_mode: NormMode, *, rematerialise: bool
) -> tuple[Array, tuple[Any, ...]]:
    """What leaves the last block, and the blocks with the statistics that the pass left behind.

    Args:
      rematerialise: activations are computed again for the gradient instead of kept: less memory, more time.
    """

    def applied(layer: Any, x: Array) -> tuple[Array, Any]:
        return layer(x, norm_mode)

    apply = eqx.filter_checkpoint(applied) if rematerialise else applied
    after = []
    for layer in layers:
        x, updated = apply(layer, x)
        after.append(updated)
    return x, tuple(after)


def with_norms(block: Block, norms: tuple[BatchNorm | None, ...]) -> Block:
    """A block with its norm layers replaced, in order; the shortcut's is None where the shortcut is the identity."""
    every = ("first_norm", "second_norm", "third_norm", "shortcut_norm")
    names = tuple(name for name in every if hasattr(block, name))
    return eqx.tree_at(
        lambda b: tuple(getattr(b, name) for name in names), block, norms, is_leaf=lambda leaf: leaf is None
    )


def _convolution(size: int, inputs: int, outputs: int, *, key: Key[Array, ""], stride: int = 1) -> Convolution:
    # torchvision: normal by fan-out.
    return Convolution(scaled_normal((size, size, inputs, outputs), size * size * outputs, key=key), stride=stride)
