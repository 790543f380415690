"""Systems of few unknowns against LAPACK's solver, and where only pivoting helps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.small_systems import FEW, solve

SYSTEMS = 64
solved = jax.jit(jax.vmap(solve))
#: Residual in units of rounding times the sizes of matrix and solution: elimination with pivoting leaves a few.
BACKWARD = 20 * FEW**2


@pytest.mark.parametrize("unknowns", range(1, FEW + 2))
@given(seed=st.integers(0, 10_000), decades=st.integers(0, 12))
def test_residuals_are_of_rounding_whatever_the_scales(unknowns, seed, decades):
    draw = np.random.default_rng(seed)
    scales = 10.0 ** draw.uniform(-decades, 0, (SYSTEMS, unknowns, 1))
    matrices = scales * draw.normal(size=(SYSTEMS, unknowns, unknowns))
    rights = draw.normal(size=(SYSTEMS, unknowns))
    solutions = np.asarray(solved(jnp.asarray(matrices), jnp.asarray(rights)))
    residuals = np.abs(np.einsum("nij,nj->ni", matrices, solutions) - rights).max(1)
    sizes = np.abs(matrices).max((1, 2)) * np.abs(solutions).max(1) + np.abs(rights).max(1)
    assert (residuals <= BACKWARD * np.finfo(float).eps * sizes).all()


def test_it_gives_what_lapack_gives():
    draw = np.random.default_rng(0)
    matrices, rights = draw.normal(size=(SYSTEMS, 3, 3)) + 3 * np.eye(3), draw.normal(size=(SYSTEMS, 3))
    expected = np.linalg.solve(matrices, rights[..., None])[..., 0]
    np.testing.assert_allclose(solved(jnp.asarray(matrices), jnp.asarray(rights)), expected, rtol=1e-11)


def test_a_zero_on_the_diagonal_is_no_obstacle():
    order = np.eye(4)[[2, 0, 3, 1]]
    right = np.arange(1.0, 5.0)
    np.testing.assert_array_equal(solve(jnp.asarray(order), jnp.asarray(right)), order.T @ right)


def test_a_singular_matrix_has_no_finite_solution():
    assert not np.isfinite(solve(jnp.ones((2, 2)), jnp.asarray([1.0, 2.0]))).all()
