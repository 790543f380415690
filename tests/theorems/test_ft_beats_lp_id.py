"""Fine-tuning reaches ID risk 0 almost surely; linear probing does not where w* is no combination of the features."""

import jax.numpy as jnp
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from tests.support.judging import FIXED, ONE_UNIT, VISIBLE, integrated_evidence, judged, judged_on
from tests.support.strategies import problems
from theory import LinearNetwork, Problem
from theory.fine_tuning import one_active_unit
from theory.reduction import id_risk, reduce
from theory.statements.statement import TOLERANCE

NAME = "ft_beats_lp_id"
#: A risk of 0 to rounding is the square of 1e-16 of the labels, with four decades of slack in its root.
FITTED = 1e-20
ERRORS = st.floats(0.05, 1.3)
SEARCH = settings(max_examples=500, derandomize=True, database=None, phases=[Phase.generate])


def saddle() -> Problem:
    """v0 = 0 and features that ID inputs excite only where the labels are 0: nothing moves."""
    return Problem(
        truth=LinearNetwork(jnp.array([1.0]), jnp.array([[0.0, 0.6, 0.8, 0.0]])),
        pretrained=LinearNetwork(jnp.array([0.0]), jnp.array([[0.6, 0.0, 0.0, 0.8]])),
        id_frame=jnp.eye(4)[:, :2],
        training_covariance=jnp.eye(2),
    )


@given(problems(ONE_UNIT, errors=ERRORS, margin=VISIBLE, any_head=False, isotropic=True))
def test_fine_tuning_fits_what_linear_probing_cannot(problem):
    judgement = judged(problem)
    assert not judgement.premise(NAME) or judgement.slack(NAME) >= -TOLERANCE


@pytest.mark.parametrize("name", ["generic", "good features"])
def test_an_integrated_network_agrees(name):
    judgement = judged_on(integrated_evidence(name))
    assert judgement.premise(NAME)
    assert judgement.slack(NAME) > 0.99


def test_with_features_that_contain_the_truth_there_is_nothing_to_win():
    assert FIXED["perfect features"].is_overparameterised()
    assert not judged_on(integrated_evidence("perfect features")).premise(NAME)


def test_almost_surely_matters():
    # At the saddle both keep their risk; a head of any other length leaves it.
    judgement = judged(saddle())
    assert judgement.premise(NAME)
    assert judgement.slack(NAME) == 0
    reduced = reduce(saddle())
    assert id_risk(one_active_unit.limit(reduced), reduced) == pytest.approx(0.36)
    moved = reduced.with_head(jnp.array([1e-6]))
    assert id_risk(one_active_unit.limit(moved), moved) < FITTED


def test_is_not_vacuous():
    problem = find(
        problems(ONE_UNIT, errors=ERRORS, margin=0.1, any_head=False, isotropic=True),
        lambda problem: judged(problem).premise(NAME),
        settings=SEARCH,
    )
    assert judged(problem).slack(NAME) > 0.99
