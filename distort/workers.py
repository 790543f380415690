"""Independent steps side by side, each in a process of its own: compiling, most of the work, keeps one core busy.

Processes and not threads, since XLA may hang where two threads of one process compute (`artifacts.runtime`). A worker
ends with the process that started it, however that ended, so that nobody writes to a folder that is no longer held.
"""

import importlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from artifacts.runtime import share_processors
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
#: What the steps need; workers import it while the process that started them does the same.
NEEDED = ("simulations.verification.checking", "bridge.catalogue", "empirical.engine", "figures.publishing")


def default_workers() -> int:
    """One for each core, up to `MOST`."""
    return min(MOST, os.cpu_count() or 1)


@contextmanager
def side_by_side(count: int, begin: Begin) -> Iterator[Run]:
    """Workers for any number of rounds of steps; with `count` 1 the steps run here, one after another.

    The first step that raises ends the others, and its error is raised here.
    """
    if count == 1:
        yield lambda steps: [step(begin=begin) for step in steps]
        return
    context = multiprocessing.get_context("spawn")
    messages = context.SimpleQueue()
    display = threading.Thread(target=_show, args=(messages, begin), daemon=True)
    display.start()
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_prepare_worker, initargs=(messages, count))
    try:
        pool.submit(_import_what_is_needed)  # the first task starts all workers
        yield lambda steps: [future.result() for future in [pool.submit(_run, step) for step in steps]]
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        pool.shutdown()
        messages.put(None)
        display.join()


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
    share_processors(count)
    # Ctrl-C reaches every process of a terminal: the parent says what there is to say.
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    sys.stdout = sys.stderr  # one JSON document, and nothing else, belongs on standard output
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _import_what_is_needed()


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(1)


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
