"""Files read within bounds: only regular ones, and never more of them than was agreed."""

import json
import os
import re
import stat
import tomllib
from io import BufferedReader
from pathlib import Path
from typing import Any

from pydantic_core import ValidationError

#: Files that people write: configurations, lists, markers. A list of ImageNet's 1.3 million images takes 70 MB.
MOST_TEXT = 256 << 20
#: Configurations that people write.
MOST_TOML = 1 << 20
#: Parts of a dotted name: the parser takes as many steps as the square of their number, 3 s for a name of 40 kB.
MOST_PARTS = 50
_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+"""
_LONG_NAME = re.compile(rf"(?<![\w-])(?:{_PART}\.[ \t]*+){{{MOST_PARTS}}}")


class UnreadableFile(OSError):
    """A file that is not read: a folder, a pipe, a device, or one beyond its bound. `strerror` says which."""


def open_regular(path: Path) -> BufferedReader:
    """A regular file, opened for reading; a pipe or a device is refused without waiting for it.

    Raises:
      OSError: it cannot be opened; UnreadableFile where it is no regular file.
    """
    # Opening a pipe without a writer would wait for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0))
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise UnreadableFile(21, "it is a directory", str(path))
        if not stat.S_ISREG(mode):
            raise UnreadableFile(22, "it is no regular file (a pipe or a device)", str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: Path, most: int) -> bytes:
    """The whole of a regular file.

    Args:
      most: bytes that it may hold.
    Raises:
      OSError: it cannot be read; UnreadableFile where it is no regular file or holds more.
    """
    with open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > most:
            raise UnreadableFile(27, f"it holds {size} bytes, where at most {most} are read", str(path))
        return stream.read(most)


def read_text(path: Path, most: int = MOST_TEXT) -> str:
    """The whole of a UTF-8 file, without a byte order mark.

    Raises:
      OSError: as `read_regular`.
      UnicodeDecodeError: it is not UTF-8.
    """
    return read_regular(path, most).decode("utf-8-sig")


def read_json(path: Path, most: int = MOST_TEXT) -> Any:
    """The document in a JSON file.

    Raises:
      OSError: as `read_regular`.
      ValueError: it is no JSON, or is nested too deeply to be read.
    """
    try:
        return json.loads(read_text(path, most))
    except RecursionError as error:  # the parser calls itself for every bracket
        raise ValueError("it is nested too deeply") from error


def read_toml(path: Path, most: int = MOST_TOML) -> dict[str, Any]:
    """The tables in a TOML file.

    Raises:
      OSError: as `read_regular`.
      ValueError: it is no TOML, or is nested too deeply to be read.
    """
    text = read_text(path, most)
    if _LONG_NAME.search(text):
        raise ValueError(f"it holds a name of more than {MOST_PARTS} parts")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def why_unreadable(error: Exception) -> str:
    """What the system or a parser said of a file, in one line and without its name."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        return f"{where}: {first['msg']}" if where else first["msg"]
    if isinstance(error, KeyError):
        return f"it has no {error}"
    return next(iter(str(error).splitlines()), type(error).__name__)
