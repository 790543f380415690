"""Many keys at once are the keys that JAX makes, however many are asked for."""

import jax
import numpy as np
import pytest

from artifacts.random_keys import FEWEST, key_numbers


@pytest.mark.parametrize("count", [1, 2, 100, FEWEST, FEWEST + 1, 3 * FEWEST])
def test_numbers_are_those_of_the_keys_that_jax_splits_off(count):
    key = jax.random.key(7)
    expected = jax.random.key_data(jax.random.split(key, count))
    np.testing.assert_array_equal(key_numbers(key, count), expected)
