"""A bad input, and what comes of it: the message and the exit status."""

import contextlib
import io
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from artifacts import UserError


@dataclass(frozen=True)
class BadInput:
    """One input.

    Attributes:
      group: what reads it.
      what: in the words of the table.
      meet: puts it into an empty folder, which is the working directory, and has it read; gives the exit status.
    """

    group: str
    what: str
    meet: Callable[[Path], int]


@dataclass(frozen=True)
class Met:
    """How an input was met: what was said on standard error, and the exit status."""

    message: str
    status: int


def met(case: BadInput, folder: Path) -> Met:
    """Have an input read; names of the folder are left out of the message."""
    said = io.StringIO()
    with _inside(folder), contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            status = case.meet(folder)
        except SystemExit as end:
            status = int(end.code or 0)
    message = said.getvalue().removesuffix("\n").removeprefix("distort: ")
    return Met(re.sub(re.escape(str(folder)) + "/?", "", message), status)


def command(*arguments: str) -> int:
    """A command, in this process."""
    from distort.__main__ import main

    return main(arguments)


def reader(read: Callable[[], object]) -> int:
    """What a command would say of a file that a reader refuses."""
    try:
        read()
    except UserError as error:
        import sys

        sys.stderr.write(f"distort: {' '.join(str(error).split())}\n")
        return 1
    return 0


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
