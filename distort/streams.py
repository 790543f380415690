"""Standard streams that a caller has closed or cut short."""

import os
import sys


def open_closed_streams() -> None:
    """Put the null device where a standard stream is closed.

    Otherwise the next file that is opened takes its number, and errors are written into it. Standard output is opened
    to be read, so that an answer which nobody receives is an error, as on a full disk.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDONLY if name == "stdout" else os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))


def abandon_stdout() -> None:
    """Nothing more is to be written there: the reader went away. Python would complain when it flushes at its end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
