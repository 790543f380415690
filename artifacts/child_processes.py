"""Processes that this one starts for work: Ctrl-C is the parent's to answer, and none outlives it."""

import multiprocessing
import os
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


def _go_on(number: int, frame: object) -> None:
    pass
