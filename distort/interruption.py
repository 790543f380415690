"""Ctrl-C: said in one line, and over within a moment, whatever is being computed.

Python hands a signal to the main thread only between two of its own instructions. Compiling a program takes seconds
without one, and JAX's garbage collector swallows an exception that is raised in its middle. So a thread of its own
hears the signal at once (`signal.set_wakeup_fd`), lets the main thread end in order, and ends the process where it
does not. Nothing is lost: results are published whole or not at all.
"""

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

INTERRUPTED = 130
MESSAGE = "distort: interrupted; the same command continues where it stopped"
#: Seconds in which the main thread may end in order.
GRACE_SECONDS = 1.5


@dataclass
class Interruption:
    """How Ctrl-C is answered: `grace_seconds` is what the main thread has to end in order."""

    grace_seconds: float = GRACE_SECONDS


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Ctrl-C raises `KeyboardInterrupt` here, and ends the process after a grace, or when it is pressed again."""
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption  # signals are the main thread's affair
        return
    heard, ringing = socket.socketpair()
    ringing.setblocking(False)
    over = threading.Event()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    wakeup = signal.set_wakeup_fd(ringing.fileno(), warn_on_full_buffer=False)
    listener = threading.Thread(target=_listen, args=(heard, over, interruption), daemon=True)
    listener.start()
    try:
        yield interruption
    finally:
        over.set()
        signal.set_wakeup_fd(wakeup)
        signal.signal(signal.SIGINT, before)
        ringing.close()
        listener.join()
        heard.close()


def _listen(heard: socket.socket, over: threading.Event, interruption: Interruption) -> None:
    while signals := heard.recv(64):
        if signal.SIGINT in signals:
            break
    else:
        return
    _say()
    heard.settimeout(interruption.grace_seconds)
    try:
        while signals := heard.recv(64):
            if signal.SIGINT in signals:
                break
        else:
            return  # the main thread has ended in order
    except TimeoutError:
        pass
    if not over.is_set():
        os._exit(INTERRUPTED)


def _say() -> None:
    """One line, and the cursor that a progress display has hidden."""
    shown = "\x1b[?25h\n" if sys.stderr.isatty() else ""
    os.write(2, f"{shown}{MESSAGE}\n".encode())
