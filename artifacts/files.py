"""Single files that a reader never sees half written."""

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from artifacts.reading import UnreadableFile, open_regular

#: How names of what is not whole yet begin.
PARTIAL = ".partial-"


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path`; when the block ends it is flushed and takes the name.

    The file is locked while the block runs, so that `remove_if_left` knows that somebody is at work on it; the system
    lifts the lock when the process dies, however it dies.
    """
    with _locked(path) as name:
        try:
            yield Path(name)
            with open(name, "rb") as written:  # whoever wrote may have put a file of its own in the place of ours
                os.fsync(written.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def remove_if_left(partial: Path) -> None:
    """Remove a temporary file of a process that died; one that is being written stays, and what is no file."""
    with contextlib.suppress(FileNotFoundError, BlockingIOError, UnreadableFile), open_regular(partial) as stream:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write a JSON document; NaN and infinity are refused, since JSON has no spelling for them."""
    write_text(path, json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False) + "\n")


def digest_of(path: Path, kind: str = "sha256") -> str:
    """Hash of a file's content, in hexadecimal digits; read in pieces, whatever its size.

    Args:
      kind: a name that `hashlib` knows, such as `sha256`, or `md5` where that is what was published.
    Raises:
      OSError: it cannot be read, or is no regular file.
    """
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, kind).hexdigest()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[str]:
    while True:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{PARTIAL}{path.name}-")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            break
        os.close(descriptor)  # taken for a leftover before it was locked
    try:
        yield name
    finally:
        os.close(descriptor)
