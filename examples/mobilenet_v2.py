"""A backbone of one's own: MobileNetV2 with its batch norms folded into the convolutions, from an .npz of weights.

What `load` is told: `BackboneChoice(name="examples.mobilenet_v2:mobilenet_v2", checkpoint=Path("weights.npz"))`.
The file holds `convNN.weight` (height, width, inputs, outputs; 1 in place of inputs where each channel is convolved
alone) and `convNN.bias`: a stem, 17 inverted bottlenecks, a last convolution and a classifier, which is left out.

Source: Sandler et al. 2018; TensorFlow's weights, which take inputs in [-1, 1] and pad "SAME".
"""

import math
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Key, PyTree

from artifacts import UserError
from empirical.backbones.backbone import Backbone, Forward, NormMode, Role
from empirical.backbones.own import backbone

#: Expansion, number of blocks and stride of the first, stage by stage.
STAGES = ((1, 1, 1), (6, 2, 2), (6, 3, 2), (6, 4, 2), (6, 3, 1), (6, 3, 2), (6, 1, 1))


class Convolution(eqx.Module):
    """A convolution with bias, padded as TensorFlow does; of each channel alone where the kernel has one input."""

    kernel: Float32[Array, "size size inputs outputs"]
    bias: Float32[Array, " outputs"]
    stride: int = eqx.field(static=True)

    def __call__(self, x: Float32[Array, "n side side c"]) -> Float32[Array, "n out out outputs"]:
        if self.kernel.shape[2] == 1:
            return self._each_channel(x) + self.bias
        if self.kernel.shape[0] == self.stride == 1:
            # A product of matrices, which a CPU computes up to four times as fast as the convolution that it is.
            return x @ self.kernel[0, 0] + self.bias
        strides, axes = (self.stride, self.stride), ("NHWC", "HWIO", "NHWC")
        return jax.lax.conv_general_dilated(x, self.kernel, strides, "SAME", dimension_numbers=axes) + self.bias

    def _each_channel(self, x: Array) -> Array:
        # A sum of shifted pictures: XLA's grouped convolution takes many times as long on a CPU.
        size, side = self.kernel.shape[0], x.shape[1]
        out = -(-side // self.stride)
        padding = max((out - 1) * self.stride + size - side, 0)
        x = jnp.pad(x, ((0, 0), *[(padding // 2, padding - padding // 2)] * 2, (0, 0)))
        reach = (out - 1) * self.stride + 1
        return sum(
            x[:, row : row + reach : self.stride, column : column + reach : self.stride] * self.kernel[row, column, 0]
            for row in range(size)
            for column in range(size)
        )


class Block(eqx.Module):
    """Expand, convolve each channel, project; beside a shortcut where the shape stays."""

    expand: Convolution | None
    spread: Convolution
    project: Convolution

    def __call__(self, x: Float32[Array, "n side side c"]) -> Float32[Array, "n out out k"]:
        y = x if self.expand is None else jax.nn.relu6(self.expand(x))
        y = self.project(jax.nn.relu6(self.spread(y)))
        return x + y if x.shape == y.shape else y


class MobileNetV2(Backbone):
    """Images in [0, 1] of any side to 1280 features. There are no norm layers left, so the modes do not differ."""

    stem: Convolution
    layers: tuple[Block, ...]
    last: Convolution

    @property
    def feature_dim(self) -> int:
        return len(self.last.bias)

    @property
    def blocks(self) -> int:
        return len(self.layers) + 1

    @property
    def side(self) -> None:
        return None

    def __call__(self, images: Float32[Array, "n side side 3"], norm_mode: NormMode) -> Forward:
        x = jax.nn.relu6(self.stem(images * (255 / 128) - 1))
        for layer in self.layers:
            x = layer(x)
        return Forward(jnp.mean(jax.nn.relu6(self.last(x)), (1, 2)), self)

    def roles(self) -> PyTree[Role]:
        def role(path, _: Array) -> Role:
            field = path[0].name
            return Role("kernel", path[1].idx + 1 if field == "layers" else {"stem": 0, "last": self.blocks}[field])

        return jax.tree_util.tree_map_with_path(role, self)

    def reinitialised(self, *, key: Key[Array, ""]) -> "MobileNetV2":
        def drawn(index: int, array: Array) -> Array:
            if array.ndim == 1:
                return jnp.zeros_like(array)
            size, _, inputs, _ = array.shape
            normal = jax.random.normal(jax.random.fold_in(key, index), array.shape, jnp.float32)
            return math.sqrt(2 / (size * size * inputs)) * normal

        leaves, structure = jax.tree.flatten(self)
        return jax.tree.unflatten(structure, [drawn(index, leaf) for index, leaf in enumerate(leaves)])


@backbone
def mobilenet_v2(checkpoint: Path | None) -> MobileNetV2:
    """The network with the weights of an .npz file.

    Raises:
      UserError: no file, or not one with exactly these convolutions.
    """
    if checkpoint is None:
        raise UserError("MobileNetV2 must be given its weights: set the checkpoint to an .npz file.")
    try:
        with np.load(checkpoint, allow_pickle=False) as file:
            weights = [(file[f"conv{number:02d}.weight"], file[f"conv{number:02d}.bias"]) for number in range(52)]
            known = {f"conv{number:02d}.{field}" for number in range(53) for field in ("weight", "bias")}
            surplus = sorted(set(file.files) - known)
    except (OSError, EOFError, KeyError, ValueError) as error:
        raise UserError(f"{checkpoint} must hold conv00 to conv51 as an .npz file, but {error}.") from error
    if surplus:
        raise UserError(f"{checkpoint} must hold MobileNetV2's convolutions alone, got {surplus[:3]} too.")
    following = iter(weights)

    def convolution(stride: int = 1) -> Convolution:
        kernel, bias = next(following)
        return Convolution(jnp.asarray(kernel, jnp.float32), jnp.asarray(bias, jnp.float32), stride)

    stem, layers = convolution(2), []
    for expansion, count, first_stride in STAGES:
        for index in range(count):
            expand = None if expansion == 1 else convolution()
            layers.append(Block(expand, convolution(first_stride if index == 0 else 1), convolution()))
    return MobileNetV2(stem, tuple(layers), convolution())
