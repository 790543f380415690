"""CLIP's text tower: token numbers to text features, for zero-shot heads. It is never trained here.

Source: Radford et al. 2021; openai/CLIP `model.py`.
"""

import math
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Int, Key

from empirical.backbones.normalisation import LayerNorm
from empirical.backbones.transformer import HEAD_WIDTH, TransformerBlock, through


class TextSize(NamedTuple):
    """Numbers of tokens known, of tokens in a text, of channels, of blocks and of features."""

    vocabulary: int
    context: int
    width: int
    depth: int
    outputs: int


TEXT_512 = TextSize(49408, 77, 512, 12, 512)  # beside ViT-B
TEXT_768 = TextSize(49408, 77, 768, 12, 768)  # beside ViT-L/14
TEXT_RN50 = TextSize(49408, 77, 512, 12, 1024)


class ClipText(eqx.Module):
    """Features of texts; `log_scale` is the logarithm of the factor on cosines."""

    table: Float32[Array, "vocabulary c"]
    positions: Float32[Array, "context c"]
    layers: tuple[TransformerBlock, ...]
    after_norm: LayerNorm
    projection: Float32[Array, "c k"]
    log_scale: Float32[Array, ""]

    def __init__(self, size: TextSize, *, key: Key[Array, ""]):
        table, positions, projection, *keys = jax.random.split(key, size.depth + 3)
        self.table = 0.02 * jax.random.normal(table, (size.vocabulary, size.width), jnp.float32)
        self.positions = 0.01 * jax.random.normal(positions, (size.context, size.width), jnp.float32)
        self.layers = tuple(TransformerBlock(size.width, size.width // HEAD_WIDTH, key=block_key) for block_key in keys)
        self.after_norm = LayerNorm(size.width)
        drawn = jax.random.normal(projection, (size.width, size.outputs), jnp.float32)
        self.projection = drawn / math.sqrt(size.width)
        self.log_scale = jnp.asarray(math.log(1 / 0.07), jnp.float32)

    @property
    def context(self) -> int:
        """The number of tokens of every text."""
        return self.positions.shape[0]

    def __call__(self, tokens: Int[Array, "n context"], ends: Int[Array, " n"]) -> Float32[Array, "n k"]:
        """Features of texts.

        Args:
          ends: the position of each text's end token. Attention is causal, so what follows has no effect.
        """
        x = self.table[tokens] + self.positions
        x = self.after_norm(through(self.layers, x, causal=True, rematerialise=False))
        return x[jnp.arange(len(ends)), ends] @ self.projection
