"""Steps side by side: a worker that the system ends is said in one line, and none outlives the call."""

import multiprocessing
import os
import signal
import time
import warnings

import jax.numpy as jnp
import pytest

from artifacts import UserError, runtime
from distort import workers
from distort.workers import WORKER_DIED, longest_first, side_by_side
from tests.support.linear_algebra import threads_of_linear_algebra

#: An idle worker ends at once; a test machine may do other work.
PATIENCE_SECONDS = 60


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


def interrupted(*, begin) -> int:
    """As a terminal does, before the process that started this one has heard it."""
    os.kill(os.getpid(), signal.SIGINT)
    return os.getpid()


def computing_before_many_problems_are_solved(*, begin) -> None:
    """As a benchmark before a simulation: a warning says that it may hang, where JAX has several threads."""
    jnp.ones(3).sum().block_until_ready()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        runtime.compute_in_one_thread()


def decomposing(*, begin) -> set[int]:
    """In how many threads."""
    return threads_of_linear_algebra()


def silent(stage: str):
    return lambda message, fraction: None


def _nobody_is_left() -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while multiprocessing.active_children() and time.monotonic() < deadline:
        time.sleep(0.05)  # not joined: another thread joins them too, and of two that do the second learns nothing
    assert not multiprocessing.active_children()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("step", [ended_by_the_system, ended_in_the_middle_of_a_report])
def test_a_worker_that_dies_is_said_and_takes_the_others_with_it(step):
    def both_rounds() -> None:
        with side_by_side(2) as side:
            assert os.getpid() not in side.run(silent, [process, process])
            side.run(silent, [process, step])

    with pytest.raises(UserError) as raised:
        both_rounds()
    assert str(raised.value) == WORKER_DIED
    _nobody_is_left()


def test_workers_that_were_started_early_end_with_the_call_that_never_used_them():
    """As where the plan cannot be made."""

    def refused() -> None:
        with side_by_side(2) as side:
            side.start()
            assert len(multiprocessing.active_children()) == 2
            raise UserError("refused")

    with pytest.raises(UserError, match="refused"):
        refused()
    _nobody_is_left()


def test_a_worker_leaves_an_interrupt_to_the_process_that_started_it():
    with side_by_side(2) as side:
        assert side.run(silent, [process, interrupted])[1] != os.getpid()


def test_a_worker_computes_in_one_thread_whatever_it_does_first(monkeypatch):
    monkeypatch.setenv("NPROC", "2")
    with side_by_side(2) as side:
        side.run(silent, [computing_before_many_problems_are_solved] * 2)


@pytest.mark.parametrize("count", [1, 2])
def test_a_matrix_is_decomposed_in_one_thread_so_digits_do_not_depend_on_the_machine(count, monkeypatch):
    for name in runtime.BLAS_THREADS:
        monkeypatch.setenv(name, "2")
    with side_by_side(count) as side:
        assert side.run(silent, [decomposing]) == [{1}]


def test_the_longest_steps_are_begun_first_and_found_in_the_order_of_the_plan():
    """So that no process is left alone with a long one, and lists do not depend on how long something takes."""
    begun: list[str] = []

    def run(steps):
        begun.extend(steps)
        return [f"{step} is made" for step in steps]

    found = longest_first(run, [(2.0, "statements"), (9.0, "benchmark"), (5.0, "toy example")])  # type: ignore[list-item]
    assert begun == ["benchmark", "toy example", "statements"]
    assert found == ["statements is made", "benchmark is made", "toy example is made"]
