"""At no time is sqrt(OOD risk) of fine-tuning below `c / 2 min(phi, phi^2 / W) / (1 + W)^2 - eps W`."""

import jax
import numpy as np
import pytest
from hypothesis import find, given, settings

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
from theory.bounds import corrected_lower_bound
from theory.statements.ft_ood_lower_bound import small_truth
from theory.statements.statement import TOLERANCE

NAME = "corrected_lower_bound"
SHAPES = [ONE_DIRECTION, TWO_FEATURES, ONE_UNIT, ALL_BUT_ONE]
#: Minimising the exact path leaves the last few digits of D.
SHARP = 1e-6

bound = jax.jit(corrected_lower_bound)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_holds_at_every_time(shape):
    @given(problems(shape, isotropic=True))
    def check(problem):
        assert judged(problem).slack(NAME) >= -TOLERANCE

    check()


@given(problems(ONE_DIRECTION, with_covariances=True))
def test_holds_for_every_ood_second_moment(problem):
    assert judged(problem).slack(NAME) >= -TOLERANCE


@given(problems(TWO_FEATURES))
def test_is_never_negative(problem):
    assert bound(problem) >= 0


def test_vanishes_for_a_perfect_head():
    assert bound(small_truth(0.6, 0.5, 0.5)) == 0


@pytest.mark.parametrize("angle", [0.0, 1e-6])
def test_vanishes_with_the_angle_to_the_id_subspace(angle):
    assert float(corrected_lower_bound(small_truth(np.cos(angle), 0.5, 1.0))) <= angle


@pytest.mark.parametrize("name", FIXED)
def test_an_integrated_network_agrees(name):
    assert judged_on(integrated_evidence(name)).slack(NAME) >= -TOLERANCE


def test_the_constant_one_half_is_attained_in_the_limit():
    # s -> 1, W -> 0, v0 -> W from above: the ratio of the lowest distance to the bound decreases to 1.
    ratios = []
    for small in (1e-1, 1e-2, 1e-3):
        problem = small_truth(1 - small**2, small, small * (1 + small))
        ratios.append(lowest_distance(problem) / float(corrected_lower_bound(problem)))
    assert ratios[0] > ratios[1] > ratios[2] >= 1 - SHARP
    assert ratios[2] < 1.003


def test_no_larger_constant_holds():
    problem = small_truth(1 - 1e-6, 1e-3, 1.001e-3)
    assert lowest_distance(problem) < 1.05 * float(corrected_lower_bound(problem))


def test_says_something_about_generic_problems():
    search = settings(max_examples=500, derandomize=True, database=None)
    problem = find(problems(TWO_FEATURES), lambda problem: bound(problem) > 0.01, settings=search)
    assert judged(problem).slack(NAME) < 1
