"""Many random keys at once, as numbers, so that picking some of them compiles nothing."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jax import Array

#: Keys are made in a power of two, at least so many: all smaller numbers of them share one program.
FEWEST = 1024


def key_numbers(key: "Array", count: int) -> np.ndarray:
    """What `jax.random.key_data(jax.random.split(key, count))` is, an unsigned row for each key.

    The i-th key that JAX makes of another does not depend on how many are made, so more may be made than are wanted.
    `jax.random.wrap_key_data` gives keys again: outside `jit` it computes nothing, inside it costs nothing.
    """
    import jax

    made = max(FEWEST, 1 << (count - 1).bit_length())
    return np.asarray(jax.random.key_data(jax.random.split(key, made)))[:count]
