"""The same training from several heads: fine-tuning and LP-FT differ in nothing else."""

from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

T = TypeVar("T")


def from_each_head(train: Callable[[Float[Array, "..."]], T], *heads: Float[Array, "..."]) -> tuple[T, ...]:
    """`train(head)` for every head, in their order. One `vmap`: the training is compiled once.

    Args:
      train: from a head to any pytree of arrays.
      heads: of one shape; for the paper's methods the pretrained head (fine-tuning) and the probed one (LP-FT).
    """
    results = jax.vmap(train)(jnp.stack(heads))
    return tuple(jax.tree.map(lambda leaf, row=row: leaf[row], results) for row in range(len(heads)))
