"""Units become ready after what they depend on, whatever the order of answers; nothing is lost, nothing given twice."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from empirical import Run, Workspace, plan
from empirical.executors.executor import Attempt, Done, Failed
from empirical.executors.waiting import Waiting
from tests.support.cluster_work import SUITE, UNITS

RUNS = [Run(unit, SUITE, Workspace(folder=Path("none"))) for unit in plan(SUITE, lambda unit: None).units]
NEEDED = {run.unit: [needed.unit for needed in run.dependencies] for run in RUNS}


def test_the_suite_of_these_tests_has_dependencies():
    assert len(RUNS) == UNITS
    assert sum(map(len, NEEDED.values())) >= 4


@given(st.data(), st.integers(1, 4), st.integers(0, 2))
def test_every_unit_is_settled_once_and_after_what_it_needs(data, slots, retries):
    waiting = Waiting(RUNS, retries=retries)
    running, settled, tries = [], {}, {}
    while waiting:
        while len(running) < slots and (run := waiting.take()) is not None:
            assert all(isinstance(settled[needed], Done) for needed in NEEDED[run.unit])
            assert run.unit not in running
            running.append(run.unit)
        unit = running.pop(data.draw(st.integers(0, len(running) - 1)))
        tries[unit] = tries.get(unit, 0) + 1
        came = data.draw(st.sampled_from(["done", "done", "passing error", "error"]))
        outcome = Done(unit, "", True, "") if came == "done" else Failed(unit, came)
        for one in waiting.settled(unit, Attempt(outcome, again=came == "passing error")):
            assert one.unit not in settled
            settled[one.unit] = one
    assert set(settled) == set(NEEDED)
    assert all(count <= retries + 1 for count in tries.values())
    for unit, one in settled.items():
        broken = [needed for needed in NEEDED[unit] if isinstance(settled[needed], Failed)]
        assert not broken or (isinstance(one, Failed) and "needs what failed" in one.error)


def test_what_was_not_given_counts_as_done():
    followers = [run for run in RUNS if run.unit.method.startswith("LP-FT")]
    waiting = Waiting(followers)
    assert [waiting.take() for _ in followers] == followers


def test_a_unit_that_was_not_tried_is_given_again():
    waiting = Waiting(RUNS, retries=0)
    first = waiting.take()
    waiting.give_back(first.unit)
    assert waiting.take() == first
    assert len(waiting) == len(RUNS)
