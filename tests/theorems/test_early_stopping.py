"""Under the dominance certificate fine-tuning is worse than linear probing out of distribution at every time."""

import jax
import pytest
from hypothesis import find, given

from simulations.strategies import certified_problems, problems
from tests.support.judging import (
    ONE_DIRECTION,
    ONE_UNIT,
    SEARCH,
    VISIBLE,
    exact_evidence,
    integrated_evidence,
    invisible_features,
    judged,
    judged_on,
    lowest_distance,
)
from theory.statements.ft_ood_lower_bound import small_truth
from theory.statements.linear_probing_upper_bound import probed_risk
from theory.statements.statement import TOLERANCE

NAME = "early_stopping"


@pytest.mark.parametrize("shape", [ONE_DIRECTION, ONE_UNIT], ids=str)
def test_no_stopping_time_saves_fine_tuning(shape):
    @given(certified_problems(shape, isotropic=True))
    def check(problem):
        judgement = judged(problem)
        assert judgement.premise(NAME)
        assert judgement.slack(NAME) > 0

    check()


@pytest.mark.parametrize("shape", [ONE_DIRECTION, ONE_UNIT], ids=str)
def test_the_certificate_is_never_wrong(shape):
    @given(problems(shape, margin=VISIBLE, isotropic=True))
    def check(problem):
        judgement = judged(problem)
        assert not judgement.premise(NAME) or judgement.slack(NAME) >= -TOLERANCE

    check()


def test_features_that_id_inputs_do_not_see_get_no_certificate():
    # F and B0 are orthogonal in exact arithmetic: the probed head stays at 0, with OOD risk 100, and fine-tuning too.
    assert not judged(invisible_features(truth=10.0)).premise(NAME)


def test_a_perfect_head_gets_no_certificate():
    assert not judged(small_truth(0.6, 0.5, 0.5)).premise(NAME)


def test_an_integrated_network_agrees():
    judgement = judged_on(integrated_evidence("good features"))
    assert judgement.premise(NAME)
    assert judgement.slack(NAME) > 0


def test_without_the_certificate_stopping_early_can_pay():
    def fine_tuning_wins(problem):
        return judged(problem).slack(NAME) < -0.5

    problem = find(problems(ONE_DIRECTION, margin=max(VISIBLE, 0.1)), fine_tuning_wins, settings=SEARCH)
    assert not judged(problem).premise(NAME)
    assert lowest_distance(problem) < float(jax.jit(probed_risk)(exact_evidence(problem)))
