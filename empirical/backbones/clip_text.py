"""CLIP's text tower: token numbers to text features, for zero-shot heads. It is never trained here.

Source: Radford et al. 2021; openai/CLIP `model.py`.
"""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Int, Key

from empirical.backbones.normalisation import LayerNorm
from empirical.backbones.sizes import TextSize
from empirical.backbones.transformer import HEAD_WIDTH, TransformerBlock, through


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
    def size(self) -> TextSize:
        """Numbers of tokens, channels, blocks and features."""
        return TextSize(len(self.table), self.context, self.table.shape[1], len(self.layers), self.projection.shape[1])

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
