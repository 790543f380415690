"""Steps side by side: a worker that the system ends is said in one line, and none outlives the call."""

import multiprocessing
import os
import signal

import pytest

from artifacts import UserError
from distort import workers
from distort.workers import WORKER_DIED, side_by_side


def process(*, begin) -> int:
    """Where the step ran."""
    return os.getpid()


def ended_by_the_system(*, begin) -> None:
    """As where memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def ended_in_the_middle_of_a_report(*, begin) -> None:
    """It holds the lock of the line on which workers report."""
    workers._messages._wlock.acquire()
    ended_by_the_system(begin=begin)


def silent(stage: str):
    return lambda message, fraction: None


@pytest.mark.timeout(120)
@pytest.mark.parametrize("step", [ended_by_the_system, ended_in_the_middle_of_a_report])
def test_a_worker_that_dies_is_said_and_takes_the_others_with_it(step):
    def both_rounds() -> None:
        with side_by_side(2, silent) as run:
            assert os.getpid() not in run([process, process])
            run([process, step])

    with pytest.raises(UserError) as raised:
        both_rounds()
    assert str(raised.value) == WORKER_DIED
    for worker in multiprocessing.active_children():
        worker.join(timeout=20)
        assert not worker.is_alive()
