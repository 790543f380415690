"""XLA's compiler computes what it is told; one of its releases for CPUs did not, and said nothing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest


@pytest.mark.parametrize("count", [16_385, 20_001, 40_000])
def test_reductions_of_products_of_many_problems_are_right(count):
    """jaxlib 0.10.2 is wrong in the last of 16,385 under `jit`: 266342400 for 268435456 (jax issue 39103)."""
    numbers = np.arange(float(count))
    rows = np.stack([numbers, np.zeros(count), np.zeros(count)], axis=1)
    squares = jax.jit(jax.vmap(lambda row: jnp.sum((jnp.eye(3) @ row) ** 2)))(rows)
    np.testing.assert_array_equal(squares, numbers**2)
