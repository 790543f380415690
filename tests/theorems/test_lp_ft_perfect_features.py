"""With perfect features LP-FT has OOD risk 0 at all times, fine-tuning a positive one almost surely."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.strategies import problems
from tests.support.judging import (
    ONE_DIRECTION,
    ONE_UNIT,
    VISIBLE,
    exact_evidence,
    integrated_evidence,
    judged,
    judged_on,
)
from theory.statements.ft_ood_lower_bound import lowest_fine_tuning_risk, small_truth
from theory.statements.lp_ft_upper_bound import highest_lp_ft_risk
from theory.statements.statement import TOLERANCE

NAME = "lp_ft_perfect_features"
#: LP-FT starts at the truth up to 1e-16 / c_S, and stays there; integrated with DOP853 at 1e-12 a step.
STAYS = 1e-10
#: A fixed point of the closed form, to rounding.
FIXED = 1e-15


@pytest.mark.parametrize("shape", [ONE_DIRECTION, ONE_UNIT], ids=str)
def test_lp_ft_is_never_worse_than_fine_tuning(shape):
    @given(problems(shape, errors=st.just(0.0), margin=VISIBLE, isotropic=True))
    def check(problem):
        judgement = judged(problem)
        assert judgement.premise(NAME)
        assert judgement.slack(NAME) >= -TOLERANCE

    check()


def test_an_integrated_network_agrees():
    evidence = integrated_evidence("perfect features")
    judgement = judged_on(evidence)
    assert judgement.premise(NAME)
    assert judgement.slack(NAME) > 1 - TOLERANCE
    assert highest_lp_ft_risk(evidence) < STAYS


def test_almost_surely_matters():
    # A head that is already the truth: fine-tuning stays there, too.
    assert float(lowest_fine_tuning_risk(exact_evidence(small_truth(0.6, 0.5, 0.5)))) < FIXED
    assert float(lowest_fine_tuning_risk(exact_evidence(small_truth(0.6, 0.5, 0.6)))) > 1e-3


@pytest.mark.parametrize("name", ["generic", "good features"])
def test_imperfect_features_are_outside_its_premises(name):
    evidence = integrated_evidence(name)
    assert not judged_on(evidence).premise(NAME)
    assert highest_lp_ft_risk(evidence) > 1e-5
