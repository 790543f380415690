"""What the page of NumPy prints is what the package solves."""

import jax.numpy as jnp
import numpy as np
import pytest

from examples import minimal
from simulations import fine_tuning, linear_probing, lp_ft
from theory import LinearNetwork, Problem, implicit_lower_bound

#: Gradient descent with steps of 2e-4 ends beside the flow, at first order in the step.
RTOL = 0.02
#: Descent has fitted the training data to rounding.
FITTED = 1e-20


@pytest.fixture(scope="module")
def problem():
    return Problem.from_inputs(
        LinearNetwork(head=jnp.array([1.0, 1.0]), features=jnp.asarray(minimal.true_features)),
        LinearNetwork(head=jnp.asarray(minimal.random_head), features=jnp.asarray(minimal.pretrained)),
        minimal.inputs,
    )


def test_descent_ends_where_the_flow_does(problem):
    ends = [method(problem, jnp.array([0.0, jnp.inf])) for method in (linear_probing, fine_tuning, lp_ft)]
    for (within, outside), end in zip(minimal.results().values(), ends, strict=True):
        assert outside == pytest.approx(float(end.ood_risk[-1]), rel=RTOL)
        assert within == pytest.approx(float(end.id_risk[-1]), rel=RTOL, abs=FITTED)


def test_the_story_that_it_tells_is_the_papers(problem):
    lp, ft, both = minimal.results().values()
    assert max(ft[0], both[0]) < lp[0]
    assert max(lp[1], both[1]) < ft[1]
    assert np.sqrt(ft[1]) >= float(implicit_lower_bound(problem)) > np.sqrt(lp[1])
