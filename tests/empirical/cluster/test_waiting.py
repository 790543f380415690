"""Units become ready after what they depend on, whatever the order of answers; nothing is lost, nothing given twice."""

from hypothesis import given
from hypothesis import strategies as st

from empirical import dependencies, plan
from empirical.executors.executor import Attempt, Done, Failed
from empirical.executors.waiting import Waiting
from tests.support.cluster_work import SUITE, UNITS

PLANNED = plan(SUITE, lambda unit: None).units


def test_the_suite_of_these_tests_has_dependencies():
    assert len(PLANNED) == UNITS
    assert sum(len(dependencies(unit, SUITE)) for unit in PLANNED) >= 4


@given(st.data(), st.integers(1, 4), st.integers(0, 2))
def test_every_unit_is_settled_once_and_after_what_it_needs(data, slots, retries):
    waiting = Waiting(PLANNED, SUITE, retries=retries)
    running, settled, tries = [], {}, {}
    while waiting:
        while len(running) < slots and (unit := waiting.take()) is not None:
            assert all(isinstance(settled[needed], Done) for needed in dependencies(unit, SUITE))
            assert unit not in running
            running.append(unit)
        unit = running.pop(data.draw(st.integers(0, len(running) - 1)))
        tries[unit] = tries.get(unit, 0) + 1
        came = data.draw(st.sampled_from(["done", "done", "passing error", "error"]))
        outcome = Done(unit, "", True, "") if came == "done" else Failed(unit, came)
        for one in waiting.settled(unit, Attempt(outcome, again=came == "passing error")):
            assert one.unit not in settled
            settled[one.unit] = one
    assert set(settled) == set(PLANNED)
    assert all(count <= retries + 1 for count in tries.values())
    for unit, one in settled.items():
        broken = [needed for needed in dependencies(unit, SUITE) if isinstance(settled[needed], Failed)]
        assert not broken or (isinstance(one, Failed) and "needs what failed" in one.error)


def test_what_was_not_given_counts_as_done():
    followers = [unit for unit in PLANNED if unit.method.startswith("LP-FT")]
    waiting = Waiting(followers, SUITE)
    assert [waiting.take() for _ in followers] == followers


def test_a_unit_that_was_not_tried_is_given_again():
    waiting = Waiting(PLANNED, SUITE, retries=0)
    first = waiting.take()
    waiting.give_back(first)
    assert waiting.take() == first
    assert len(waiting) == len(PLANNED)
