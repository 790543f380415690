"""The ID side for v v^T - A A^T = lam I, against the raw flow."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from references import fine_tuned

from simulations.sampling import Dimensions, equal_angles, sample_problem
from theory.fine_tuning import scalar_imbalance
from theory.reduction import reduce

#: DOP853 at 1e-12 a step leaves 1e-11 after forty units of time.
ATOL = 1e-10
SHAPES = [(2, 3), (3, 3), (1, 3), (1, 1)]


def _problem(k, m, head_scale=0.0):
    dimensions = Dimensions(input_dim=8, feature_dim=k, id_dim=m)
    return sample_problem(
        dimensions,
        equal_angles(dimensions, 0.7),
        1.3 * jnp.ones(m),
        feature_error=0.6,
        truth_norm=1.4,
        head_scale=head_scale,
        key=jax.random.key(10 * k + m),
    )


@pytest.mark.parametrize(("k", "m"), SHAPES)
def test_agrees_with_the_integrated_flow(k, m):
    problem = _problem(k, m, head_scale=0.8 if k == 1 else 0.0)
    reduced = reduce(problem)
    assert scalar_imbalance.applies(reduced)
    times = np.array([0.0, 0.3, 3.0, 40.0])
    path = fine_tuned(problem, times)
    for time, head, features in zip(times, path.heads, path.features, strict=True):
        side, seen = scalar_imbalance.id_side_at(reduced, jnp.asarray(time)), features @ problem.id_frame
        np.testing.assert_allclose(side.weights, seen.T @ head, rtol=0, atol=ATOL)
        np.testing.assert_allclose(side.feature_gram, seen.T @ seen, rtol=0, atol=ATOL)
        np.testing.assert_allclose(side.squared_head, head @ head, rtol=0, atol=ATOL)


@pytest.mark.parametrize(("k", "m"), SHAPES)
def test_the_limit_fits_the_truth_and_is_where_long_times_lead(k, m):
    reduced = reduce(_problem(k, m))
    limit = scalar_imbalance.id_side_at(reduced, jnp.asarray(jnp.inf))
    late = scalar_imbalance.id_side_at(reduced, jnp.asarray(1e6))
    np.testing.assert_allclose(limit.weights, reduced.id_target, rtol=0, atol=ATOL)
    np.testing.assert_allclose(late.weights, limit.weights, rtol=0, atol=ATOL)
    np.testing.assert_allclose(late.feature_gram, limit.feature_gram, rtol=0, atol=ATOL)


def test_the_premise_fails_for_a_generic_head():
    assert not scalar_imbalance.applies(reduce(_problem(2, 3, head_scale=1.0)))
