"""No reading of phi and eps saves the published bound: squared or not, signed or not, the same problems refute it."""

import jax
import numpy as np
import pytest
from hypothesis import given

from simulations.strategies import problems
from tests.support.judging import TWO_FEATURES, lowest_distance
from theory import aligned_truth, feature_error
from theory.bounds import published_lower_bound
from theory.bounds.as_printed import printed_lower_bound
from theory.statements.ft_ood_lower_bound_as_printed import STATEMENT

NAME = "ft_ood_lower_bound_as_printed"
#: Two formulas for one number, relative to its terms.
RTOL = 1e-10

sides = jax.jit(lambda problem: (printed_lower_bound(problem), published_lower_bound(problem), feature_error(problem)))


@pytest.mark.parametrize("counterexample", STATEMENT.counterexamples, ids=lambda case: case.name)
def test_every_counterexample_refutes_both_readings(counterexample):
    printed, published, _ = sides(counterexample.problem())
    lowest = lowest_distance(counterexample.problem())
    assert lowest < 0.6 * float(printed)
    assert lowest < 0.6 * float(published)


@given(problems(TWO_FEATURES))
def test_the_readings_differ_by_the_error_term_and_for_short_heads(problem):
    printed, published, error = map(float, sides(problem))
    overlap = abs(np.asarray(problem.pretrained.head) @ np.asarray(_aligned(problem)))
    long_head = overlap > float(np.sum(np.asarray(problem.truth.head) ** 2))
    expected = published + error - error**2 if long_head else -(error**2)
    scale = abs(published) + error + error**2
    np.testing.assert_allclose(printed, expected, atol=RTOL * scale)


_aligned = jax.jit(lambda problem: aligned_truth(problem).head)
