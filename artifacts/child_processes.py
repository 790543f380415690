"""Processes that this one starts for work: Ctrl-C is the parent's to answer, and none outlives it."""

import atexit
import multiprocessing
import os
import sys
import threading

from artifacts.interrupts import answer_interrupts


def follow_parent() -> None:
    """Go on through Ctrl-C, and end as soon as the process that started this one has ended.

    A terminal sends the signal to both. If this one ended at it too, the parent might see a dead worker, and say so,
    before it has heard the signal itself.

    For processes that `multiprocessing` has started; elsewhere nothing happens.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    # A function and not `SIG_IGN`, which programs started from here would inherit.
    answer_interrupts(_go_on)

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def leave_without_tidying() -> None:
    """End this process as soon as Python begins to take it apart: all that JAX remembers of programs takes a second.

    For a worker whose results are on disk or with its parent. Call it when everything is imported: what was registered
    for the end last is done first, so nothing that a library registered before is done.
    """
    atexit.register(_leave)


def _leave() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _go_on(number: int, frame: object) -> None:
    pass
