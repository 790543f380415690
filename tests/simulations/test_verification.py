"""Verification: statuses follow from proofs, counterexamples and what was found."""

import dataclasses

import jax.numpy as jnp
import pytest

from artifacts import UserError
from simulations.verification import counterexample_slacks, verify
from theory.statements import STATEMENTS, Setting, Status, status
from theory.statements.ft_ood_lower_bound import lowest_fine_tuning_risk
from theory.statements.premises import always
from theory.statements.statement import Statement

BY_NAME = {statement.name: statement for statement in STATEMENTS}
#: Settings that need no integrator, which takes most of the time to compile; the main job's test covers the others.
CLOSED_FORMS = (Setting.ONE_ID_DIRECTION, Setting.PERFECT_FEATURES)


def closed_form(name):
    return dataclasses.replace(BY_NAME[name], settings=CLOSED_FORMS)


def test_the_published_bound_is_false_and_the_corrected_one_proved():
    published, corrected = verify(
        [closed_form("ft_ood_lower_bound"), closed_form("corrected_lower_bound")], examples=50
    )
    assert published.status is Status.FALSE
    assert published.smallest_slack < -0.4
    assert corrected.status is Status.PROVED
    assert published.sharpness.median < corrected.sharpness.median
    assert corrected.violations == 0 < corrected.checked


def test_sharpness_is_that_of_the_statement_and_counts_problems_without_a_bound():
    half = dataclasses.replace(
        closed_form("corrected_lower_bound"),
        smaller=lambda evidence: jnp.where(
            jnp.linalg.norm(evidence.problem.truth.head) > 1, lowest_fine_tuning_risk(evidence) / 2, 0.0
        ),
    )
    (found,) = verify([half], examples=50)
    silent = found.sharpness.silent
    assert 0.3 < silent < 0.7
    assert found.sharpness.median == (pytest.approx(2.0) if silent < 0.5 else None)
    assert found.sharpness.ninth_decile is None
    assert set(found.sharpness_by_setting) == {setting.value for setting in CLOSED_FORMS}


def test_what_is_no_bound_has_no_sharpness():
    (found,) = verify([dataclasses.replace(closed_form("corrected_lower_bound"), bound=None)], examples=10)
    assert found.sharpness is None
    assert found.sharpness_by_setting == {}


def test_every_counterexample_refutes():
    for statement in STATEMENTS:
        assert all(gap < 0 for gap in counterexample_slacks(statement).values())


def test_a_false_claim_without_a_known_counterexample_is_reported_as_violated():
    claim = Statement(
        name="nonsense",
        source="this test",
        claim="The truth is shorter than any number.",
        latex="W < -1",
        premises="none",
        premises_hold=always,
        smaller=lambda evidence: jnp.linalg.norm(evidence.problem.truth.head),
        larger=lambda evidence: -jnp.ones(()),
        settings=(Setting.ONE_ID_DIRECTION,),
        published=False,
    )
    (found,) = verify([claim], examples=10)
    assert found.status is Status.VIOLATED
    assert found.violations == found.checked == 10


def test_the_same_seed_draws_the_same_problems():
    first, again = (verify([closed_form("corrected_lower_bound")], examples=50, seed=3)[0] for _ in range(2))
    assert dataclasses.replace(first, seconds=0.0) == dataclasses.replace(again, seconds=0.0)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ft_beats_lp_id", Status.AS_PUBLISHED),
        ("implicit_lower_bound", Status.PROVED),
    ],
)
def test_status_of_a_clean_verification(name, expected):
    assert status(BY_NAME[name], checked=5, violations=0, refuted=False) is expected
    assert status(BY_NAME[name], checked=0, violations=0, refuted=False) is Status.UNVERIFIED
    unproved = dataclasses.replace(BY_NAME[name], proof=None, published=False)
    assert status(unproved, checked=5, violations=0, refuted=False) is Status.CONJECTURED


def test_refuses_no_examples():
    with pytest.raises(UserError, match="at least 1"):
        verify(STATEMENTS[:1], examples=0)
