"""The vision transformer of torchvision and timm, with DeiT, DINO and DINOv2: the class token behind the last norm.

Source: Dosovitskiy et al. 2021; timm `vision_transformer.py`, torchvision `vision_transformer.py`: exact GELU, norms
with epsilon 1e-6, biased patch embedding. DINOv2 scales what each half of a block adds (layer scale).
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Float32, Key, PyTree

from empirical.backbones.backbone import Forward, Role
from empirical.backbones.class_token import ClassTokenNetwork
from empirical.backbones.convolution import BiasedConvolution, Convolution
from empirical.backbones.layers import LayerScale, Linear, bounded_uniform
from empirical.backbones.normalisation import LayerNorm
from empirical.backbones.roles import roles_by_field
from empirical.backbones.sizes import VitSize
from empirical.backbones.transformer import HEAD_WIDTH, Attention, through
from empirical.records import NormMode

EPSILON = 1e-6
#: Standard deviation of fresh weights, a normal law cut at two of them.
DEVIATION = 0.02
#: What layer scales start from.
SCALE = 1e-5


class VitBlock(eqx.Module):
    """Attention and a two-layer map, each behind a norm and beside a shortcut, perhaps scaled."""

    attention_norm: LayerNorm
    attention: Attention
    attention_scale: LayerScale | None
    map_norm: LayerNorm
    expand: Linear
    contract: Linear
    map_scale: LayerScale | None

    def __init__(self, width: int, *, layer_scale: bool, key: Key[Array, ""]):
        inputs, outputs, expand, contract = jax.random.split(key, 4)
        self.attention_norm, self.map_norm = (LayerNorm(width, epsilon=EPSILON) for _ in range(2))
        self.attention = Attention(
            _linear(width, 3 * width, key=inputs), _linear(width, width, key=outputs), width // HEAD_WIDTH
        )
        self.expand = _linear(width, 4 * width, key=expand)
        self.contract = _linear(4 * width, width, key=contract)
        self.attention_scale, self.map_scale = (
            LayerScale(jnp.full(width, SCALE, jnp.float32)) if layer_scale else None for _ in range(2)
        )

    def __call__(self, x: Float[Array, "n t c"], *, causal: bool = False) -> Float[Array, "n t c"]:
        """The tokens after both halves; `causal` as for `Attention`."""
        y = self.attention(self.attention_norm(x), causal=causal)
        x = x + (y if self.attention_scale is None else self.attention_scale(y))
        y = self.contract(jax.nn.gelu(self.expand(self.map_norm(x)), approximate=False))
        return x + (y if self.map_scale is None else self.map_scale(y))


class ViT(ClassTokenNetwork):
    """The normalised class token; no norm statistics, so norm modes do not differ."""

    patches: BiasedConvolution
    token: Float32[Array, " c"]
    positions: Float32[Array, "t c"]
    layers: tuple[VitBlock, ...]
    after_norm: LayerNorm
    size: VitSize = eqx.field(static=True)
    compute_dtype: Any = eqx.field(static=True)
    rematerialise: bool = eqx.field(static=True)

    def __init__(
        self, size: VitSize, *, key: Key[Array, ""], compute_dtype: Any = jnp.float32, rematerialise: bool = False
    ):
        patches, token, positions, *keys = jax.random.split(key, size.depth + 3)
        width, count = size.width, (size.side // size.patch) ** 2 + 1
        kernel = bounded_uniform((size.patch, size.patch, 3, width), 3 * size.patch**2, key=patches)
        self.patches = BiasedConvolution(
            Convolution(kernel, stride=size.patch, pad=False), jnp.zeros(width, jnp.float32)
        )
        self.token = _normal((width,), key=token)
        self.positions = _normal((count, width), key=positions)
        self.layers = tuple(VitBlock(width, layer_scale=size.layer_scale, key=block_key) for block_key in keys)
        self.after_norm = LayerNorm(width, epsilon=EPSILON)
        self.size = size
        self.compute_dtype = jnp.dtype(compute_dtype)
        self.rematerialise = rematerialise

    @property
    def feature_dim(self) -> int:
        """Width of a token."""
        return self.size.feature_dim

    def __call__(self, images: Float32[Array, "n side side 3"], norm_mode: NormMode) -> Forward:
        """Class tokens behind the last norm; the norm mode changes nothing."""
        images = 2 * images - 1 if self.size.half else images
        x = self.tokens(self.patches(images.astype(self.compute_dtype)))
        x = through(self.layers, x, causal=False, rematerialise=self.rematerialise)
        return Forward(self.after_norm(x[:, 0]).astype(jnp.float32), self)

    def roles(self) -> PyTree[Role]:
        """By field; the last norm belongs to the last block."""
        return roles_by_field(self, last=("after_norm",))


def _normal(shape: tuple[int, ...], *, key: Key[Array, ""]) -> Float32[Array, "..."]:
    return DEVIATION * jax.random.truncated_normal(key, -2, 2, shape, jnp.float32)


def _linear(inputs: int, outputs: int, *, key: Key[Array, ""]) -> Linear:
    return Linear(_normal((inputs, outputs), key=key), jnp.zeros(outputs, jnp.float32))
