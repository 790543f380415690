"""With perfect features the limit of linear probing is the truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.strategies import problems
from tests.support.judging import FIXED, ONE_DIRECTION, ONE_UNIT, VISIBLE, invisible_features, judged
from tests.support.references import probed_head
from theory.statements.statement import TOLERANCE

NAME = "lp_perfect_features"
#: NumPy's least squares.
EXACT = 1e-12


@pytest.mark.parametrize("shape", [ONE_DIRECTION, ONE_UNIT], ids=str)
def test_linear_probing_finds_the_truth(shape):
    @given(problems(shape, errors=st.just(0.0), margin=VISIBLE, isotropic=True))
    def check(problem):
        judgement = judged(problem)
        assert judgement.premise(NAME)
        assert judgement.slack(NAME) >= -TOLERANCE

    check()


def test_least_squares_agrees():
    problem = FIXED["perfect features"]
    weights = np.asarray(problem.pretrained.features).T @ probed_head(problem)
    np.testing.assert_allclose(weights, problem.truth.weights, atol=EXACT)


def test_features_that_no_id_input_sees_are_not_probed():
    assert not judged(invisible_features(truth=1.0)).premise(NAME)
