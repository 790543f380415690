"""The reduced problem, plain and compressed, against the definitions in all coordinates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.strategies import Shape, problems
from theory import reduction, risks
from theory.fine_tuning.flow import raw_vector_field, vector_field
from theory.reduction import FlowState, network_at, reduce

#: k > m + 1 (QR of the moving part), k < m, and m = d - 1 with k = m.
SHAPES = [Shape(9, 5, 2), Shape(8, 2, 4), Shape(4, 3, 3)]
#: Two orthogonal changes of coordinates, relative to the squared size of the network.
RTOL = 1e-11
#: A QR decomposition of a few columns.
ORTHONORMAL = 1e-14


@pytest.mark.parametrize("compress", [False, True], ids=["plain", "compressed"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_risks_losses_and_velocity_agree_with_the_definitions(shape, compress):
    @jax.jit
    def both(problem, time):
        reduced = reduce(problem, compress=compress)
        velocity = vector_field(reduced.start, reduced)
        state = FlowState(
            head=reduced.start.head + time * velocity.head,
            id_features=reduced.start.id_features + time * velocity.id_features,
        )
        network = network_at(state, reduced, problem)
        raw = raw_vector_field(problem.pretrained, problem)
        raw_features = problem.pretrained.features + time * raw.features
        raw_head = problem.pretrained.head + time * raw.head
        error = network.weights - problem.truth.weights
        return (
            jnp.stack([getattr(reduction, name)(state, reduced) for name in ("training_loss", "id_risk", "ood_risk")]),
            jnp.stack([getattr(risks, name)(network, problem) for name in ("training_loss", "id_risk", "ood_risk")]),
            reduction.squared_distance(state, reduced) - error @ error,
            jnp.linalg.norm(network.features - raw_features) + jnp.linalg.norm(network.head - raw_head),
            jnp.sum(network.head**2) * jnp.sum(network.features**2) + jnp.sum(problem.truth.head**2),
        )

    @given(problems(shape, with_covariances=True), st.sampled_from((0.0, 1e-3, 0.3)))
    def check(problem, time):
        in_reduced, in_full, distance, apart, size = both(problem, time)
        covariances = (problem.training_covariance, problem.id_covariance, problem.ood_covariance)
        scale = size * np.array([np.linalg.norm(one, ord=2) for one in covariances])
        np.testing.assert_array_less(np.abs(in_reduced - in_full), RTOL * scale)
        assert abs(distance) <= RTOL * size
        assert apart <= RTOL * np.sqrt(size) * (1 + scale[0])

    check()


@given(problems(Shape(9, 5, 2)))
def test_compression_leaves_few_numbers(problem):
    reduced = compressed(problem)
    assert reduced.start.id_features.shape == (3, 2)
    assert reduced.training_covariance.shape == (2,)
    assert reduced.off_features.shape == (4, 3)
    np.testing.assert_allclose(reduced.lift.T @ reduced.lift, np.eye(3), atol=ORTHONORMAL)


@given(problems(Shape(9, 5, 2)))
def test_the_start_is_the_pretrained_network(problem):
    reduced = compressed(problem)
    network = network_at(reduced.start, reduced, problem)
    size = 1 + np.linalg.norm(problem.pretrained.head)
    np.testing.assert_allclose(network.head, problem.pretrained.head, atol=RTOL * size)
    np.testing.assert_allclose(network.features, problem.pretrained.features, atol=RTOL)


compressed = jax.jit(lambda problem: reduce(problem, compress=True))


def test_large_problems_are_compressed_by_default():
    d = reduction.COMPRESSED_ABOVE + 1
    features = jnp.eye(d)[:2]
    network = risks.LinearNetwork(jnp.ones(2), features)
    problem = risks.Problem(network, network, jnp.eye(d)[:, :3], jnp.eye(3))
    assert reduce(problem).training_covariance.ndim == 1
    assert reduce(problem, compress=False).training_covariance.ndim == 2
