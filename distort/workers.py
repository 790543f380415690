"""Independent steps side by side, each in a process of its own: compiling, most of the work, keeps one core busy.

Processes and not threads, since XLA may hang where two threads of one process compute (`artifacts.runtime`). A worker
ends with the process that started it, however that ended, so that nobody writes to a folder that is no longer held.
"""

import importlib
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from artifacts import UserError, runtime
from artifacts.child_processes import follow_parent, leave_without_tidying
from artifacts.directory import Outdated, only_checked
from artifacts.interrupts import interrupts_held
from distort.progress import Begin, Report

Found = TypeVar("Found", covariant=True)


class Step(Protocol[Found]):
    """Work that shows its stages on the display; must be picklable: a module's function or a `partial` of one."""

    def __call__(self, *, begin: Begin) -> Found:
        """Do the work; `begin` opens a line of the display for a stage."""
        ...


#: Runs steps and gives what they found, in their order.
Run = Callable[[Sequence[Step[Found]]], list[Found]]

#: More would need more memory than a laptop has: about 1.5 GB each.
MOST = 4
#: The system ends a process so where memory runs out, and nothing else is likely to.
WORKER_DIED = (
    "Every worker must live until its work is done, but one was ended, as the system does where memory runs out; the "
    "same command continues where it stopped, and --workers 1 needs the least memory."
)
#: What the steps need; workers import it while the process that started them does the same.
NEEDED = ("simulations.verification.checking", "bridge.catalogue", "empirical.engine", "figures.publishing")


def default_workers() -> int:
    """One for each core, up to `MOST`."""
    return min(MOST, os.cpu_count() or 1)


@contextmanager
def side_by_side(count: int) -> "Iterator[Workers]":
    """Workers for any number of rounds of steps; with `count` 1 the steps run here, one after another.

    The first step that raises ends the others, and its error is raised here.
    """
    workers = Workers(count)
    try:
        yield workers
    except BaseException:
        workers.abandon()
        raise
    finally:
        workers.end()


class Workers:
    """Processes that are started when there is something to do, or before that by `start`.

    A thread passes on what they report.
    """

    def __init__(self, count: int):
        self._count = count
        self._messages: Any = None
        self._executor: ProcessPoolExecutor | None = None
        self._display: threading.Thread | None = None
        self._abandoned = False

    def start(self) -> None:
        """Let the processes import what steps need, while this one finds out which steps there are."""
        if self._count > 1:
            self._started()

    def run(self, begin: Begin, steps: Sequence[Step[Found]]) -> list[Found]:
        """What steps find, in their order.

        Args:
          begin: of the display, the same in every round.
        Raises:
          UserError: a worker died.
        """
        if self._count == 1:
            return _one_after_another(begin, steps)
        if not steps:
            return []
        executor = self._started()
        if self._display is None:
            self._display = threading.Thread(target=_show, args=(self._messages, begin), daemon=True)
            self._display.start()
        try:
            with interrupts_held():  # a task may start another process
                futures = [executor.submit(_run, step) for step in steps]
            return [future.result() for future in futures]
        except BrokenProcessPool as error:
            raise UserError(WORKER_DIED) from error

    def abandon(self) -> None:
        """End the processes, whatever they do, and hear no more of them.

        One that was ended in the middle of a report keeps the line's lock for ever: nothing is said on it any more.
        """
        self._abandoned = True
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()

    def end(self) -> None:
        """Wait for the processes and for the last report."""
        if self._executor is not None:
            self._executor.shutdown()
        if self._display is not None and not self._abandoned:
            self._messages.put(None)
            self._display.join()

    def _started(self) -> ProcessPoolExecutor:
        if self._executor is None:
            context = multiprocessing.get_context("spawn")
            self._messages = context.SimpleQueue()
            self._executor = ProcessPoolExecutor(
                self._count, mp_context=context, initializer=_prepare_worker, initargs=(self._messages, self._count)
            )
            with interrupts_held():
                for _ in range(self._count):  # a process is started with every task that finds none idle
                    self._executor.submit(_import_what_is_needed)
        return self._executor


def _one_after_another(begin: Begin, steps: Sequence[Step[Found]]) -> list[Found]:
    # Before any step: those that solve many problems need it, and others sum in another order with several threads. So
    # the digits would depend on which step a process does first.
    runtime.compute_in_one_thread()
    runtime.decompose_in_threads(1)
    return [step(begin=begin) for step in steps]


def checked_first(run: Run[Found], begin: Begin) -> Run[Found]:
    """Steps whose results are all up to date are found so here, which takes a moment; `run` does the others.

    Starting processes takes longer than to look at what a finished job has left.
    """

    def both(steps: Sequence[Step[Found]]) -> list[Found]:
        kept = [_kept(step, begin) for step in steps]
        made = iter(run([step for step, outcome in zip(steps, kept, strict=True) if outcome is None]))
        return [next(made) if outcome is None else outcome for outcome in kept]

    return both


def longest_first(run: Run[Found], steps: Sequence[tuple[float, Step[Found]]]) -> list[Found]:
    """What steps found, in their order; the longest is begun first, so that no process is left alone at the end.

    Args:
      steps: each with the seconds that it is expected to take.
    """
    begun = sorted(range(len(steps)), key=lambda index: -steps[index][0])
    by_index = dict(zip(begun, run([steps[index][1] for index in begun]), strict=True))
    return [by_index[index] for index in range(len(steps))]


def _kept(step: Step[Found], begin: Begin) -> Found | None:
    try:
        with only_checked():
            return step(begin=begin)
    except Outdated:
        return None


def _show(messages: Any, begin: Begin) -> None:
    """Pass on what workers report, until told that no more will come."""
    reports: dict[str, Report] = {}
    while (message := messages.get()) is not None:
        stage, text, fraction = message
        if stage not in reports:
            reports[stage] = begin(stage)
        reports[stage](text, fraction)


_messages: Any = None


def _prepare_worker(messages: Any, count: int) -> None:
    global _messages
    _messages = messages
    follow_parent()
    runtime.collect_garbage_rarely()
    runtime.share_processors(count)
    runtime.compute_in_one_thread()  # as where there are no workers
    runtime.decompose_in_threads(1)
    sys.stdout = sys.stderr  # one JSON document, and nothing else, belongs on standard output
    _import_what_is_needed()
    leave_without_tidying()


def _import_what_is_needed() -> None:
    for name in NEEDED:
        importlib.import_module(name)


def _run(step: Step[Found]) -> Found:
    return step(begin=_begin)


def _begin(stage: str) -> Report:
    def report(text: str, fraction: float) -> None:
        _messages.put((stage, text, fraction))

    report("", 0.0)
    return report
