"""The ways in which a result can disappoint its reader."""

import errno
import os
from pathlib import Path

#: Characters of a message. A damaged file may offer a name of 60 MB, which nobody reads.
LONGEST_MESSAGE = 2000


class UserError(ValueError):
    """A mistake that its maker can mend: the message says what must hold, what came, and how to mend it.

    The command line prints it as one line and exits with status 1. A message that is too long loses its middle, so
    that the beginning (where) and the end (how to mend it) stay.
    """

    def __init__(self, message: str):
        if len(message) > LONGEST_MESSAGE:
            half = LONGEST_MESSAGE // 2
            message = f"{message[:half]} [...] {message[-half:]}"
        super().__init__(message)


class DamagedArtifact(UserError):
    """A published directory whose files are missing or differ from their recorded SHA-256."""


class ArgumentError(UserError):
    """An argument lies outside of what it may be, whatever the data: on the command line, wrong usage."""


#: Where the system, and not the program, is at its end: what to do about it.
REFUSALS = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room",
    errno.EFBIG: "raise the limit on the size of files",
    errno.EROFS: "choose another folder",
    errno.EACCES: "change who may use it",
    errno.EPERM: "change who may use it",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EMFILE: "raise the limit on open files",
}


def obstacle(error: BaseException | None) -> str:
    """In one line what is in the way, where a file was to be and a folder is, or the other way round; else nothing.

    So too where a disk is full, or the system refuses in another way (`REFUSALS`). Python's own errors name it too, but
    say what was tried and not what to do.
    """
    if isinstance(error, OSError) and error.errno in REFUSALS:
        where = os.fsdecode(error.filename) if error.filename else "A file"
        return f"{where} must be read or written, but {error.strerror}; {REFUSALS[error.errno]} and call again."
    if not isinstance(error, IsADirectoryError | NotADirectoryError | FileExistsError) or not error.filename:
        return ""
    path = Path(os.fsdecode(error.filename2 or error.filename))
    if isinstance(error, IsADirectoryError):
        return f"{path} must be a file, but is a folder; move it away and call again."
    there = next((part for part in (path, *path.parents) if os.path.lexists(part)), path)
    return "" if there.is_dir() else f"{there} must be a folder, but is a file; move it away and call again."


def unforeseen(error: BaseException | None) -> str:
    """An error that nobody raised on purpose, in one line: what is in the way, else its type and what it says."""
    return obstacle(error) or " ".join(f"{type(error).__name__}: {error}".split())
