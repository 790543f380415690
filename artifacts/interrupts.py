"""Ctrl-C ends a command at once: what lies outside of its process is let go of, and its own workers keep silent.

A terminal sends the signal to every process: those that were started for work leave it to the one that started them.
A process that is starting has Python's own answer, a traceback. So the signal is held where processes are started, and
what they start with is held too, until they say how they answer.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

#: As `signal.signal` takes it.
Answer = Callable[[int, FrameType | None], object] | signal.Handlers


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Processes that this thread starts meanwhile hear no Ctrl-C until they call `answer_interrupts`."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def answer_interrupts(answer: Answer) -> None:
    """What Ctrl-C does in this process, which was started under `interrupts_held`."""
    signal.signal(signal.SIGINT, answer)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


@contextmanager
def answer_kept() -> Iterator[None]:
    """What an import in this block does to the answer is undone: a library may take it for its own."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


_releases: list[Callable[[], object]] = []


@contextmanager
def held_elsewhere(release: Callable[[], object]) -> Iterator[None]:
    """What outlives this process unless it is released, such as a job: so it is, where Ctrl-C ends this block.

    Args:
      release: called from another thread, while this one goes on.
    """
    _releases.append(release)
    try:
        yield
    finally:
        _releases.remove(release)


def let_go() -> None:
    """Let go of whatever is held elsewhere, the last first; what cannot be is left."""
    for release in reversed(_releases):
        with suppress(Exception):
            release()
