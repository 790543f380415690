"""The row space of given inputs: the same by either decomposition, whatever their shape and rank."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.row_space import row_space

ATOL = 1e-10  # orthonormality and reconstruction; the Gram matrix is used up to a condition number of 1e4


@given(
    seed=st.integers(0, 10_000), n=st.integers(1, 12), condition=st.floats(1, 1e8), size=st.sampled_from((1e-5, 1, 1e5))
)
def test_rows_are_orthonormal_and_reproduce_the_second_moment(seed, n, condition, size):
    random = np.random.default_rng(seed)
    left, _, right = np.linalg.svd(random.standard_normal((n, 7)), full_matrices=False)
    inputs = size * (left * np.geomspace(1, condition**-0.5, min(n, 7))) @ right
    rows, squares = row_space(inputs)
    np.testing.assert_allclose(rows @ rows.T, np.eye(rows.shape[0]), atol=ATOL)
    np.testing.assert_allclose((rows.T * squares) @ rows, inputs.T @ inputs, atol=ATOL * size**2)
    assert squares.min() > 0


@pytest.mark.parametrize("shape", [(5, 8), (8, 5)])
def test_directions_that_no_input_has_are_left_out(shape):
    inputs = np.ones(shape)
    rows, squares = row_space(inputs)
    assert rows.shape == (1, shape[1])
    np.testing.assert_allclose(squares, shape[0] * shape[1])
