"""The search for violations: it breaks the published bound from scratch, and replays what it found to the last bit."""

import json

import pytest

from artifacts import UserError
from simulations.attack import STARTS, STEPS, attack, judged_ratio, problem_from
from theory.statements import STATEMENTS

ROUND = STARTS * STEPS
BY_NAME = {statement.name: statement for statement in STATEMENTS}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_breaks_the_published_bound_from_scratch(seed):
    found = attack(BY_NAME["ft_ood_lower_bound"], budget=2 * ROUND, seed=seed)
    assert found.violated
    assert found.smallest_ratio < 0.9


def test_a_witness_replays_exactly():
    statement = BY_NAME["ft_ood_lower_bound"]
    found = attack(statement, budget=ROUND)
    replayed, gap = judged_ratio(statement, problem_from(json.loads(json.dumps(found.instance))))
    assert replayed == found.smallest_ratio
    assert gap < 0


@pytest.mark.parametrize("name", ["implicit_lower_bound", "lp_ft_upper_bound"])
def test_does_not_break_what_is_proved(name):
    found = attack(BY_NAME[name], budget=2 * ROUND)
    assert not found.violated
    # It does come close: a search that found nothing near equality would prove nothing.
    assert 1 - 1e-9 < found.smallest_ratio < 1.1


def test_refuses_an_empty_budget():
    with pytest.raises(UserError, match="at least 1"):
        attack(STATEMENTS[0], budget=0)
