"""Ctrl-C: said in one line, and over at once, whatever is being computed.

Nothing is raised. Python would raise `KeyboardInterrupt` in the main thread, between two of its own instructions: after
the seconds that a program takes to compile, or in a callback of the garbage collector, where it is printed and lost
(JAX has one), or in the middle of an import, where the libraries written in C++ crash. So a thread of its own hears the
signal (`signal.set_wakeup_fd`), writes the line, lets go of what is held elsewhere, and ends the process. Nothing is
lost: results are published whole or not at all, the system lifts the locks, processes that were started end with this
one, and the next call removes what was half written.
"""

import os
import signal
import socket
import threading
from contextlib import suppress

from artifacts.interrupts import let_go

INTERRUPTED = 130
MESSAGE = "distort: interrupted; the same command continues where it stopped"
#: Seconds in which what is held elsewhere may be let go: a queueing system has a command of its own that cancels jobs.
#: Pressed again, Ctrl-C does not wait for it.
GRACE_SECONDS = 20.0
#: Semaphores of a process that ended at once are removed by a process of `multiprocessing`, which warns of it.
QUIET_TRACKER = "ignore::UserWarning:multiprocessing.resource_tracker"


def end_when_interrupted() -> None:
    """From now on Ctrl-C ends this process with status 130; the main thread alone may call this."""
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, (os.environ.get("PYTHONWARNINGS"), QUIET_TRACKER)))
    heard, ringing = socket.socketpair()
    ringing.setblocking(False)
    # Without a handler of Python's, Python does not ring.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    signal.set_wakeup_fd(ringing.detach(), warn_on_full_buffer=False)
    threading.Thread(target=_listen, args=(heard,), daemon=True).start()


def _listen(heard: socket.socket) -> None:
    _await_interrupt(heard)
    shown = "\x1b[?25h\n" if os.isatty(2) else ""  # the cursor that a progress display has hidden
    os.write(2, f"{shown}{MESSAGE}\n".encode())
    # Whatever is still at work may complain of what is taken from it, and nobody needs to read that.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    threading.Thread(target=_let_go, daemon=True).start()
    heard.settimeout(GRACE_SECONDS)
    with suppress(TimeoutError):
        _await_interrupt(heard)
    os._exit(INTERRUPTED)


def _await_interrupt(heard: socket.socket) -> None:
    while signal.SIGINT not in heard.recv(64):
        pass


def _let_go() -> None:
    let_go()
    os._exit(INTERRUPTED)
