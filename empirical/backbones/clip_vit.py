"""CLIP's vision transformer: the projected class token of images in [0, 1]. No norm statistics, so no modes differ.

Source: Radford et al. 2021; openai/CLIP `model.py`.
"""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Key, PyTree

from empirical.backbones.backbone import Forward, Role
from empirical.backbones.class_token import ClassTokenNetwork
from empirical.backbones.clip_input import standardised
from empirical.backbones.convolution import Convolution
from empirical.backbones.layers import bounded_uniform
from empirical.backbones.normalisation import LayerNorm
from empirical.backbones.roles import roles_by_field
from empirical.backbones.sizes import ClipVitSize
from empirical.backbones.transformer import HEAD_WIDTH, TransformerBlock, through
from empirical.records import NormMode


class Projection(eqx.Module):
    """A linear map without bias."""

    kernel: Float32[Array, "inputs outputs"]


class ClipViT(ClassTokenNetwork):
    """Features as the paper has them: projected, neither normalised nor scaled."""

    patches: Convolution
    token: Float32[Array, " c"]
    positions: Float32[Array, "t c"]
    before_norm: LayerNorm
    layers: tuple[TransformerBlock, ...]
    after_norm: LayerNorm
    projection: Projection
    size: ClipVitSize = eqx.field(static=True)
    compute_dtype: Any = eqx.field(static=True)
    rematerialise: bool = eqx.field(static=True)

    def __init__(
        self, size: ClipVitSize, *, key: Key[Array, ""], compute_dtype: Any = jnp.float32, rematerialise: bool = False
    ):
        patches, token, positions, projection, *keys = jax.random.split(key, size.depth + 4)
        scale, width = 1 / math.sqrt(size.width), size.width
        kernel = bounded_uniform((size.patch, size.patch, 3, width), 3 * size.patch**2, key=patches)
        self.patches = Convolution(kernel, stride=size.patch, pad=False)
        self.token = scale * jax.random.normal(token, (width,), jnp.float32)
        count = (size.side // size.patch) ** 2 + 1
        self.positions = scale * jax.random.normal(positions, (count, width), jnp.float32)
        self.before_norm, self.after_norm = LayerNorm(width), LayerNorm(width)
        self.layers = tuple(TransformerBlock(width, width // HEAD_WIDTH, key=block_key) for block_key in keys)
        self.projection = Projection(scale * jax.random.normal(projection, (width, size.outputs), jnp.float32))
        self.size = size
        self.compute_dtype = jnp.dtype(compute_dtype)
        self.rematerialise = rematerialise

    @property
    def feature_dim(self) -> int:
        """Width of the projection's outputs."""
        return self.size.feature_dim

    def __call__(self, images: Float32[Array, "n side side 3"], norm_mode: NormMode) -> Forward:
        """Projected class tokens; images are in [0, 1] and are standardised here. The norm mode changes nothing."""
        x = self.tokens(self.patches(standardised(images).astype(self.compute_dtype)))
        x = through(self.layers, self.before_norm(x), causal=False, rematerialise=self.rematerialise)
        features = self.after_norm(x[:, 0]) @ self.projection.kernel.astype(x.dtype)
        return Forward(features.astype(jnp.float32), self)

    def roles(self) -> PyTree[Role]:
        """By field; the last norm and the projection belong to the last block."""
        return roles_by_field(self, last=("after_norm", "projection"))
