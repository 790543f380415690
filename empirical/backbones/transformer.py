"""OpenAI's residual attention block, shared by CLIP's image and text towers.

Source: openai/CLIP `model.py`: norm before each half, GELU approximated by x sigmoid(1.702 x).
"""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from empirical.backbones.dot_product_attention import attended
from empirical.backbones.layers import Linear, bounded_uniform, default_linear
from empirical.backbones.normalisation import LayerNorm

HEAD_WIDTH = 64  # in every CLIP model


def quick_gelu(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """OpenAI's approximation of GELU, x sigmoid(1.702 x)."""
    return x * jax.nn.sigmoid(1.702 * x)


class Attention(eqx.Module):
    """Multi-head self-attention; queries, keys and values come from one matrix, in this order."""

    inputs: Linear
    outputs: Linear
    heads: int = eqx.field(static=True)

    def __call__(self, x: Float[Array, "n t c"], *, causal: bool) -> Float[Array, "n t c"]:
        """What each of `t` tokens gathers from the others.

        Args:
          causal: a token sees itself and those before it alone, as in the text tower.
        """
        n, tokens, channels = x.shape
        queries, keys, values = jnp.split(self.inputs(x), 3, axis=-1)
        split = (n, tokens, self.heads, channels // self.heads)
        y = attended(queries.reshape(split), keys.reshape(split), values.reshape(split), causal=causal)
        return self.outputs(y.reshape(n, tokens, channels))


class TransformerBlock(eqx.Module):
    """Attention and a two-layer map, each behind a norm and beside a shortcut."""

    attention_norm: LayerNorm
    attention: Attention
    map_norm: LayerNorm
    expand: Linear
    contract: Linear

    def __init__(self, width: int, heads: int, *, key: Key[Array, ""]):
        # PyTorch's defaults for MultiheadAttention and Linear, which CLIP's image tower keeps.
        inputs, outputs, expand, contract = jax.random.split(key, 4)
        bound = math.sqrt(6 / (4 * width))
        drawn = jax.random.uniform(inputs, (width, 3 * width), jnp.float32, -bound, bound)
        self.attention_norm, self.map_norm = LayerNorm(width), LayerNorm(width)
        self.attention = Attention(
            Linear(drawn, jnp.zeros(3 * width, jnp.float32)),
            Linear(bounded_uniform((width, width), width, key=outputs), jnp.zeros(width, jnp.float32)),
            heads,
        )
        self.expand = default_linear(width, 4 * width, key=expand)
        self.contract = default_linear(4 * width, width, key=contract)

    def __call__(self, x: Float[Array, "n t c"], *, causal: bool = False) -> Float[Array, "n t c"]:
        """The tokens after both halves; `causal` as for `Attention`."""
        x = x + self.attention(self.attention_norm(x), causal=causal)
        return x + self.contract(quick_gelu(self.expand(self.map_norm(x))))


def through(
    layers: tuple[Any, ...], x: Float[Array, "n t c"], *, causal: bool, rematerialise: bool
) -> Float[Array, "n t c"]:
    """What leaves the last block.

    Args:
      layers: blocks that take tokens and `causal`.
      causal: as for `Attention`.
      rematerialise: activations are computed again for the gradient instead of kept: less memory, more time.
    """

    def applied(layer: Any, x: Array) -> Array:
        return layer(x, causal=causal)

    apply: Any = eqx.filter_checkpoint(applied) if rematerialise else applied
    for layer in layers:
        x = apply(layer, x)
    return x
