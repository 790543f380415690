"""Scaled dot-product attention: cuDNN's, which keeps no weights in memory, where it can be had, else XLA's."""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

#: cuDNN's conditions: half precision, and heads of so many channels at most, in eights.
FUSED_TYPES = (jnp.bfloat16, jnp.float16)
WIDEST_HEAD, HEAD_MULTIPLE = 128, 8
#: The first NVIDIA devices that have it, by compute capability (Ampere).
OLDEST_DEVICE = (8, 0)


def attended(
    queries: Float[Array, "n t heads width"], keys: Float[Array, "n t heads width"],
    values: Float[Array, "n t heads width"], *, causal: bool,
) -> Float[Array, "n t heads width"]:  # fmt: skip
    """Values averaged with weights softmax(queries . keys / sqrt(width)), head by head.

    Args:
      causal: a token sees itself and those before it alone.
    """
    if not fused(queries):
        return _by_xla(queries, keys, values, causal)
    # A program for the CPU beside the GPU must do without.
    return jax.lax.platform_dependent(
        queries, keys, values, cuda=partial(_by_cudnn, causal=causal), default=partial(_by_xla, causal=causal)
    )


def fused(queries: Float[Array, "n t heads width"]) -> bool:
    """Whether a program for this machine's GPU takes cuDNN's attention."""
    width = queries.shape[-1]
    if queries.dtype not in FUSED_TYPES or width > WIDEST_HEAD or width % HEAD_MULTIPLE:
        return False
    device = jax.devices()[0]
    if "cuda" not in device.client.platform_version:
        return False
    return tuple(map(int, device.compute_capability.split("."))) >= OLDEST_DEVICE


def _by_xla(queries: Array, keys: Array, values: Array, causal: bool) -> Array:
    return jax.nn.dot_product_attention(queries, keys, values, is_causal=causal)


def _by_cudnn(queries: Array, keys: Array, values: Array, causal: bool) -> Array:
    """cuDNN differentiates even numbers of tokens alone, so an odd one is filled up, and what fills it is not seen."""
    batch, tokens = queries.shape[:2]
    lengths = None
    if tokens % 2:
        padding = ((0, 0), (0, 1), (0, 0), (0, 0))
        queries, keys, values = (jnp.pad(vectors, padding) for vectors in (queries, keys, values))
        lengths = jnp.full(batch, tokens, jnp.int32)
    y = jax.nn.dot_product_attention(
        queries, keys, values, is_causal=causal, key_value_seq_lengths=lengths, implementation="cudnn"
    )
    return y[:, :tokens]
