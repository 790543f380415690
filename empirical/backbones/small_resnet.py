"""A small residual network: 32 x 32 pictures to 96 features, cheap enough to train many times on two cores.

A stem of stride 4 and three blocks on 8 x 8, 4 x 4 and 2 x 2 positions. On a CPU, a matrix product over
gathered patches is faster than `lax.conv_general_dilated`, but where nothing is skipped, differentiated or small.
"""

from functools import cache

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Key, PyTree

from empirical.backbones.backbone import Backbone, Forward, Role
from empirical.backbones.convolution import GATHERED_UP_TO, convolved_unless_differentiated, gathered_product
from empirical.backbones.layers import scaled_normal
from empirical.backbones.normalisation import BatchNorm
from empirical.backbones.roles import roles_by_field
from empirical.backbones.sizes import SMALL_WIDTHS
from empirical.records import NormMode

STEM_SIZE, STEM_STRIDE = 7, 4


class SameConvolution(eqx.Module):
    """A square kernel, "same" padding: with a stride, more zeros may come after the image than before it."""

    kernel: Float32[Array, "size size inputs outputs"]
    stride: int = eqx.field(static=True)

    def __init__(self, size: int, inputs: int, outputs: int, *, stride: int = 1, key: Key[Array, ""]):
        self.kernel = scaled_normal((size, size, inputs, outputs), size * size * inputs, key=key)
        self.stride = stride

    def __call__(self, x: Float32[Array, "n side side inputs"]) -> Float32[Array, "n out out outputs"]:
        """The convolved batch, its side that of `x` over the stride, rounded up."""
        size, side = self.kernel.shape[0], x.shape[1]
        out = -(-side // self.stride)
        padding = max((out - 1) * self.stride + size - side, 0)
        around = (padding // 2, padding - padding // 2)
        if size > 1 and self.stride == 1 and out > GATHERED_UP_TO:
            return convolved_unless_differentiated(x, self.kernel, around)
        return gathered_product(x, self.kernel, stride=self.stride, padding=around)


class Block(eqx.Module):
    """Two convolutions beside a shortcut, which is the identity where the shape allows it."""

    first: SameConvolution
    first_norm: BatchNorm
    second: SameConvolution
    second_norm: BatchNorm
    shortcut: SameConvolution | None

    def __init__(self, inputs: int, outputs: int, *, stride: int, key: Key[Array, ""]):
        first, second, shortcut = jax.random.split(key, 3)
        self.first = SameConvolution(3, inputs, outputs, stride=stride, key=first)
        self.first_norm = BatchNorm(outputs)
        self.second = SameConvolution(3, outputs, outputs, key=second)
        self.second_norm = BatchNorm(outputs)
        same = inputs == outputs and stride == 1
        self.shortcut = None if same else SameConvolution(1, inputs, outputs, stride=stride, key=shortcut)

    def __call__(
        self, x: Float32[Array, "n side side inputs"], norm_mode: NormMode
    ) -> tuple[Float32[Array, "n out out outputs"], "Block"]:
        """The output, and the block with the statistics that the pass left behind."""
        y, first_norm = self.first_norm(self.first(x), norm_mode)
        y, second_norm = self.second_norm(self.second(jax.nn.relu(y)), norm_mode)
        y = jax.nn.relu(y + (x if self.shortcut is None else self.shortcut(x)))
        norms = (first_norm, second_norm)
        return y, eqx.tree_at(lambda block: (block.first_norm, block.second_norm), self, norms)


class SmallResNet(Backbone):
    """The feature extractor; about 180,000 parameters."""

    stem: SameConvolution
    stem_norm: BatchNorm
    layers: tuple[Block, ...]

    def __init__(self, widths: tuple[int, ...] = SMALL_WIDTHS, *, key: Key[Array, ""]):
        stem, *keys = jax.random.split(key, len(widths) + 1)
        self.stem = SameConvolution(STEM_SIZE, 3, widths[0], stride=STEM_STRIDE, key=stem)
        self.stem_norm = BatchNorm(widths[0])
        inputs = (widths[0], *widths)
        self.layers = tuple(
            Block(inputs[i], width, stride=1 if i == 0 else 2, key=keys[i]) for i, width in enumerate(widths)
        )

    @property
    def feature_dim(self) -> int:
        """Channels of the last block."""
        return self._widths[-1]

    @property
    def blocks(self) -> int:
        """Number of residual blocks, one for each width."""
        return len(self.layers)

    @property
    def side(self) -> None:
        """None: the mean over positions takes any side."""
        return None

    @property
    def _widths(self) -> tuple[int, ...]:
        return tuple(layer.second.kernel.shape[-1] for layer in self.layers)

    def __call__(self, images: Float32[Array, "n side side 3"], norm_mode: NormMode) -> Forward:
        """Features averaged over positions; images in [0, 1] are brought to [-1, 1] here."""
        x, stem_norm = self.stem_norm(self.stem(2 * images - 1), norm_mode)
        x, layers = jax.nn.relu(x), []
        for layer in self.layers:
            x, updated = layer(x, norm_mode)
            layers.append(updated)
        network = eqx.tree_at(lambda net: (net.stem_norm, net.layers), self, (stem_norm, tuple(layers)))
        return Forward(jnp.mean(x, (1, 2)), network)

    def roles(self) -> PyTree[Role]:
        """By field; the stem is block 0."""
        return roles_by_field(self)

    def reinitialised(self, *, key: Key[Array, ""]) -> "SmallResNet":
        """The same widths with fresh weights."""
        return SmallResNet(self._widths, key=key)


@cache
def small_shapes() -> SmallResNet:
    """The network with shapes in place of arrays, for weights to be read into."""
    return eqx.filter_eval_shape(lambda key: SmallResNet(key=key), jax.random.key(0))
