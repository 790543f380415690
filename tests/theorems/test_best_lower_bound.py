"""At no time is sqrt(OOD risk) of fine-tuning below the largest of the corrected, implicit and half-space bound."""

import jax
import pytest
from hypothesis import find, given

from simulations.strategies import problems
from tests.support.judging import FIXED, ONE_UNIT, SEARCH, TWO_FEATURES, integrated_evidence, judged, judged_on
from theory.bounds import best_lower_bound, half_space_lower_bound, implicit_lower_bound
from theory.statements.ft_ood_lower_bound import small_truth
from theory.statements.statement import TOLERANCE

NAME = "best_lower_bound"

both = jax.jit(lambda problem: (implicit_lower_bound(problem), half_space_lower_bound(problem)))


@pytest.mark.parametrize("shape", [TWO_FEATURES, ONE_UNIT], ids=str)
def test_holds_at_every_time(shape):
    @given(problems(shape, isotropic=True))
    def check(problem):
        assert judged(problem).slack(NAME) >= -TOLERANCE

    check()


@pytest.mark.parametrize("name", FIXED)
def test_an_integrated_network_agrees(name):
    assert judged_on(integrated_evidence(name)).slack(NAME) >= -TOLERANCE


def test_vanishes_for_a_perfect_head():
    assert float(best_lower_bound(small_truth(0.6, 0.5, 0.5))) == 0


def test_neither_bound_is_the_larger_one_everywhere():
    def implicit_larger(problem):
        implicit, half_space = both(problem)
        return implicit > 1.1 * half_space + 1e-3

    def half_space_larger(problem):
        implicit, half_space = both(problem)
        return half_space > 1.1 * implicit + 1e-3

    for larger in (implicit_larger, half_space_larger):
        assert judged(find(problems(TWO_FEATURES), larger, settings=SEARCH)).slack(NAME) >= -TOLERANCE
