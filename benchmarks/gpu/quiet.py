"""A device to oneself while something is timed: the part that runs beside the others is stopped meanwhile."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from benchmarks.gpu.setting import Setting

#: In which a device finishes what it was given before.
SETTLING_SECONDS = 0.5


@contextmanager
def quiet(setting: Setting) -> Iterator[None]:
    """Nothing of this command but the caller computes until the block ends."""
    signalled(setting.beside, signal.SIGSTOP)
    try:
        if setting.beside is not None:
            time.sleep(SETTLING_SECONDS)
        yield
    finally:
        signalled(setting.beside, signal.SIGCONT)


def signalled(group: int | None, number: signal.Signals) -> None:
    """Send a signal to a part with all its children; one that has ended needs none."""
    if group is not None:
        with suppress(ProcessLookupError):
            os.killpg(group, number)
