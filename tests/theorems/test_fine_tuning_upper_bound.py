"""Where r < V^2, sqrt(OOD risk) of fine-tuning is at every time at most `max(hypot(E, r), E + V - sqrt(V^2 - r))`."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import find, given

from simulations.strategies import problems
from tests.support.judging import (
    FIXED,
    ONE_DIRECTION,
    ONE_UNIT,
    SEARCH,
    exact_evidence,
    integrated_evidence,
    judged,
    judged_on,
)
from theory import LinearNetwork, Problem
from theory.bounds import half_space_lower_bound
from theory.bounds.short_path import fine_tuning_upper_bound, start_nearly_fits
from theory.statements.evidence import root_ood_risks
from theory.statements.statement import TOLERANCE

NAME = "fine_tuning_upper_bound"

bounds = jax.jit(lambda problem: (half_space_lower_bound(problem), fine_tuning_upper_bound(problem)))


@jax.jit
def risks_and_premise(problem):
    return root_ood_risks(exact_evidence(problem).fine_tuning, problem), start_nearly_fits(problem)


@pytest.mark.parametrize("shape", [ONE_DIRECTION, ONE_UNIT], ids=str)
def test_holds_wherever_its_premise_does(shape):
    @given(problems(shape, isotropic=True))
    def check(problem):
        judgement = judged(problem)
        assert not judgement.premise(NAME) or judgement.slack(NAME) >= -TOLERANCE

    check()


@given(problems(ONE_DIRECTION, with_covariances=True))
def test_holds_for_every_ood_second_moment(problem):
    judgement = judged(problem)
    assert not judgement.premise(NAME) or judgement.slack(NAME) >= -TOLERANCE


@pytest.mark.parametrize("name", FIXED)
def test_an_integrated_network_agrees(name):
    judgement = judged_on(integrated_evidence(name))
    assert not judgement.premise(NAME) or judgement.slack(NAME) >= -TOLERANCE


def test_a_long_random_head_is_held_from_both_sides():
    """k = 50, m = 100, d = 300, sigma = 1, perfect features: the end of fine-tuning is known to a few percent."""
    draw = np.random.default_rng(0)
    frame, features = (np.linalg.qr(draw.normal(size=(300, size)))[0] for size in (100, 50))
    truth = draw.normal(size=50)
    features = jnp.asarray(features.T)
    problem = Problem(
        truth=LinearNetwork(jnp.asarray(truth / np.linalg.norm(truth)), features),
        pretrained=LinearNetwork(jnp.asarray(draw.normal(size=50)), features),
        id_frame=jnp.asarray(frame),
        training_covariance=jnp.eye(100),
    )
    assert start_nearly_fits(problem)
    lower, upper = map(float, bounds(problem))
    assert 0 < upper / lower < 1.6


def test_a_start_that_fits_stays():
    problem = FIXED["perfect features"]
    fitted = problem.with_head(jnp.asarray(problem.truth.features @ problem.truth.weights))
    assert float(fine_tuning_upper_bound(fitted.with_head(fitted.pretrained.features @ fitted.truth.weights))) < 1e-12


def test_without_its_premise_the_risk_can_exceed_what_it_would_say():
    def exceeds(problem):
        risks, nearly_fits = map(np.asarray, risks_and_premise(problem))
        return not nearly_fits and risks[-1] > 2 * risks[0] > 1e-3

    find(problems(ONE_UNIT, isotropic=True), exceeds, settings=SEARCH)
