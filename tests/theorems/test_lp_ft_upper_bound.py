"""Where s = sqrt(kappa) eps W < V^2, V = |v_lp|, sqrt(OOD risk) of LP-FT is at every time at most
`max(E + V - sqrt(V^2 - s), hypot(E, s))` with E = eps W + s / c_S.
"""

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from simulations.strategies import certified_problems, problems
from tests.support.judging import (
    ONE_DIRECTION,
    ONE_UNIT,
    SEARCH,
    VISIBLE,
    exact_evidence,
    integrated_evidence,
    judged,
    judged_on,
)
from theory.bounds import lp_ft_upper_bound
from theory.statements.linear_probing_upper_bound import probed_risk
from theory.statements.lp_ft_upper_bound import highest_lp_ft_risk
from theory.statements.statement import TOLERANCE

NAME = "lp_ft_upper_bound"


@pytest.mark.parametrize("shape", [ONE_DIRECTION, ONE_UNIT], ids=str)
def test_holds_for_good_features(shape):
    @given(certified_problems(shape, isotropic=True))
    def check(problem):
        judgement = judged(problem)
        assert judgement.premise(NAME)
        assert judgement.slack(NAME) >= -TOLERANCE

    check()


@pytest.mark.parametrize("shape", [ONE_DIRECTION, ONE_UNIT], ids=str)
def test_holds_wherever_its_premise_does(shape):
    @given(problems(shape, margin=VISIBLE, isotropic=True))
    def check(problem):
        judgement = judged(problem)
        assert not judgement.premise(NAME) or judgement.slack(NAME) >= -TOLERANCE

    check()


@pytest.mark.parametrize("name", ["good features", "perfect features"])
def test_an_integrated_network_agrees(name):
    judgement = judged_on(integrated_evidence(name))
    assert judgement.premise(NAME)
    assert judgement.slack(NAME) >= -TOLERANCE


def test_is_within_a_factor_of_two_somewhere():
    def close(problem):
        judgement = judged(problem)
        return judgement.premise(NAME) and judgement.slack(NAME) < 0.5 and lp_ft_upper_bound(problem) > 1e-6

    assert judged(find(problems(ONE_DIRECTION, margin=0.01), close, settings=SEARCH)).slack(NAME) >= 0


def test_with_bad_features_lp_ft_is_worse_than_linear_probing():
    def is_worse(problem):
        evidence = exact_evidence(problem)
        return highest_lp_ft_risk(evidence) > 2 * probed_risk(evidence) > 1e-6

    # With k = m linear probing already fits the training data, and LP-FT has nothing left to do.
    bad = problems(ONE_UNIT, isotropic=True, margin=0.1, errors=st.floats(0.3, 1.3))
    assert judged(find(bad, is_worse, settings=SEARCH)).slack(NAME) >= 0
