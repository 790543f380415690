"""At no time is sqrt(OOD risk) of fine-tuning below `c x - eps W`, where x solves H(x) = phi^2."""

import pytest
from hypothesis import given

from simulations.strategies import problems
from tests.support.judging import (
    ALL_BUT_ONE,
    FIXED,
    ONE_DIRECTION,
    ONE_UNIT,
    TWO_FEATURES,
    integrated_evidence,
    judged,
    judged_on,
    lowest_distance,
)
from theory.bounds import corrected_lower_bound, implicit_lower_bound
from theory.statements.ft_ood_lower_bound import small_truth
from theory.statements.statement import TOLERANCE

NAME = "implicit_lower_bound"
SHAPES = [ONE_DIRECTION, TWO_FEATURES, ONE_UNIT, ALL_BUT_ONE]
#: Both bounds are computed to about 1e-15.
ROUNDING = 1e-12


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_holds_at_every_time(shape):
    @given(problems(shape, isotropic=True))
    def check(problem):
        assert judged(problem).slack(NAME) >= -TOLERANCE

    check()


@given(problems(ONE_DIRECTION, with_covariances=True))
def test_holds_for_every_ood_second_moment(problem):
    assert judged(problem).slack(NAME) >= -TOLERANCE


@pytest.mark.parametrize("number", [0.0, 0.6, 1.0])
def test_vanishes_for_a_perfect_head_and_for_features_inside_the_id_subspace(number):
    assert float(implicit_lower_bound(small_truth(number, 0.5, 0.5))) == 0
    assert float(implicit_lower_bound(small_truth(1.0, 0.5, number))) == 0


@pytest.mark.parametrize("name", FIXED)
def test_an_integrated_network_agrees(name):
    assert judged_on(integrated_evidence(name)).slack(NAME) >= -TOLERANCE


def test_comes_within_a_thousandth_of_the_lowest_distance():
    problem = small_truth(1 - 1e-4, 1e-2, 1.01e-2)
    ratio = lowest_distance(problem) / float(implicit_lower_bound(problem))
    assert 1 - ROUNDING <= ratio < 1.001


def test_gains_on_the_explicit_bound():
    # A large truth costs the explicit bound its factor (1 + W)^2 and the implicit one much less.
    problem = small_truth(0.8, 10.0, 40.0)
    assert float(implicit_lower_bound(problem)) > 3 * float(corrected_lower_bound(problem))
