"""Sampled problems meet every prescription, at its extremes too."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.sampling import (
    Dimensions,
    equal_angles,
    sample_angles_up_to,
    sample_eigenvalues,
    sample_frame,
    sample_generic_angles,
    sample_problem,
    spread_eigenvalues,
)
from tests.support.simulated_problems import SEVERAL_DIRECTIONS
from theory.alignment import feature_error, truth_norm
from theory.problem import Problem
from theory.subspaces import principal_angles

ATOL = 1e-12  # a few QR decompositions in double precision
SHAPES = (SEVERAL_DIRECTIONS, Dimensions(input_dim=5, feature_dim=3, id_dim=2))
seeds = st.integers(0, 2**31 - 1)
angles = st.one_of(st.sampled_from([0.0, np.pi / 2]), st.floats(0, np.pi / 2))
errors = st.one_of(st.sampled_from([0.0, 1e-9, 1.0, np.sqrt(2)]), st.floats(0, np.sqrt(2)))


@eqx.filter_jit
def sampled(dimensions, seed, largest, error, norm, condition):
    angle_key, key = jax.random.split(jax.random.key(seed))
    between = sample_angles_up_to(largest, dimensions.angle_count, key=angle_key)
    spread = spread_eigenvalues(dimensions.id_dim, condition)
    return sample_problem(dimensions, between, spread, feature_error=error, truth_norm=norm, key=key)


def arrays(*values):
    return (jnp.asarray(value) for value in values)


@pytest.mark.parametrize("dimensions", SHAPES, ids=("k < m", "k > m"))
@given(seed=seeds, largest=angles, error=errors, norm=st.floats(1e-3, 1e3), condition=st.floats(1, 1e8))
def test_prescriptions_are_met(dimensions, seed, largest, error, norm, condition):
    problem = sampled(dimensions, *arrays(seed, largest, error, norm, condition))
    Problem(**vars(problem))  # the premises are checked where values are concrete
    between = principal_angles(problem.pretrained.features.T, problem.id_frame)
    np.testing.assert_allclose(between[0], largest, atol=ATOL)
    np.testing.assert_allclose(feature_error(problem), error, atol=ATOL)
    np.testing.assert_allclose(truth_norm(problem), norm, rtol=ATOL)
    eigenvalues = np.linalg.eigvalsh(problem.training_covariance)
    np.testing.assert_allclose(eigenvalues, np.sort(spread_eigenvalues(dimensions.id_dim, condition)), atol=ATOL)


def test_problems_are_drawn_under_vmap():
    keys = jax.random.split(jax.random.key(0), 5)
    spread, between = jnp.ones(4), equal_angles(SEVERAL_DIRECTIONS, 0.5)
    batch = jax.vmap(lambda key: sample_problem(SEVERAL_DIRECTIONS, between, spread, feature_error=0.1, key=key))(keys)
    assert batch.id_frame.shape == (5, 10, 4)
    assert np.unique(batch.pretrained.head[:, 0]).size == 5


def test_the_same_key_draws_the_same_problem():
    first, second = (sampled(SEVERAL_DIRECTIONS, *arrays(3, 0.4, 0.1, 1.0, 2.0)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True))


def test_frames_are_uniform():
    """The mean of F F^T over rotations is (m / d) I; ten thousand frames leave an error of about 1e-2 / 3."""
    frames = jax.vmap(lambda key: sample_frame(4, 2, key=key))(jax.random.split(jax.random.key(0), 10_000))
    np.testing.assert_allclose(jnp.einsum("sdm,sem->de", frames, frames) / 10_000, np.eye(4) / 2, atol=0.02)
    np.testing.assert_allclose(frames.mean(0), 0, atol=0.02)


def test_generic_angles_are_those_of_random_subspaces():
    drawn = sample_generic_angles(SEVERAL_DIRECTIONS, key=jax.random.key(0))
    assert drawn.shape == (2,)
    assert 0 <= drawn[1] <= drawn[0] <= np.pi / 2


def test_eigenvalues_of_many_examples_tend_to_one():
    np.testing.assert_allclose(sample_eigenvalues(3, 100_000, key=jax.random.key(0)), 1, atol=0.03)


def test_dimensions_without_room_are_refused():
    with pytest.raises(ValueError, match=r"k \+ m <= d, got d=4, k=3, m=2"):
        Dimensions(input_dim=4, feature_dim=3, id_dim=2)


def test_too_few_examples_are_refused():
    with pytest.raises(ValueError, match=r"at least the ID dimension, got n=2, m=3"):
        sample_eigenvalues(3, 2, key=jax.random.key(0))
