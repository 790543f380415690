"""Digests of files' contents, computed once: a file is read again only when its size, times or inode changed.

A digest costs reading the file. What was computed is kept in one file for each folder of images, in the folder that
`keep_in` names; without one it is forgotten with the process. A cache that is lost or damaged costs time and nothing
else.
"""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import get_args

import numpy as np

from artifacts import UserError
from artifacts.arrays import read_archive
from artifacts.files import replacing
from artifacts.reading import open_regular

#: Bytes of a digest; BLAKE2b of this length is free of collisions for any number of images.
LENGTH = 16
#: Files are read ahead of each other: disks and networks answer many questions at once, and hashing leaves the lock.
THREADS = 8
_kept_in: list[Path] = []


def keep_in(folder: Path) -> None:
    """Where digests are kept from now on in this process; the folder is made where it is needed."""
    _kept_in[:] = [folder]


def kept_in() -> Path | None:
    """The folder that `keep_in` named."""
    return _kept_in[0] if _kept_in else None


def digests(folder: Path, paths: Sequence[str]) -> bytes:
    """The files' digests, one after another.

    Args:
      paths: relative to `folder`, with forward slashes.
    Raises:
      UserError: a file is missing or cannot be read.
    """
    kept = kept_in()
    cache = None if kept is None else kept / f"{_name(folder)}.npz"
    known = {} if cache is None else _read(cache)
    states = [_state(folder, path) for path in paths]
    entries = [known.get(path) for path in paths]
    stale = [
        index
        for index, (entry, state) in enumerate(zip(entries, states, strict=True))
        if entry is None or entry[0] != state
    ]
    if stale:
        with ThreadPoolExecutor(THREADS) as pool:
            made = pool.map(partial(_digest, folder), [paths[index] for index in stale])
            for index, digest in zip(stale, made, strict=True):
                entries[index] = (states[index], digest)
                known[paths[index]] = (states[index], digest)
        if cache is not None:
            _write(cache, known)
    return b"".join(entry[1] for entry in entries if entry is not None)


#: Size, time of writing, time of change, inode. The second time is the system's own: programs that copy or unpack put
#: the first one back, so a changed picture may have its old date.
_State = tuple[int, int, int, int]
_Known = dict[str, tuple[_State, bytes]]


def _state(folder: Path, path: str) -> _State:
    try:
        status = os.stat(folder / path)
    except OSError as error:
        raise UserError(f"{folder / path} must be there, but {error.strerror}; restore it.") from error
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _digest(folder: Path, path: str) -> bytes:
    try:
        with open_regular(folder / path) as stream:
            return hashlib.file_digest(stream, partial(hashlib.blake2b, digest_size=LENGTH)).digest()
    except OSError as error:
        raise UserError(f"{folder / path} must be readable, but {error.strerror}; restore it.") from error


def _name(folder: Path) -> str:
    return hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:16]


def _read(cache: Path) -> _Known:
    try:
        arrays = read_archive(cache, "it is made anew")
        names, states, made = arrays["names"].tobytes().decode(), arrays["states"], arrays["digests"].tobytes()
    except (OSError, ValueError, KeyError):
        return {}  # none yet, or damaged: computed anew
    if states.shape != (len(names.split("\0")), len(get_args(_State))):
        return {}  # of an older version
    rows = map(tuple, states.tolist())
    parts = (made[start : start + LENGTH] for start in range(0, len(made), LENGTH))
    return dict(zip(names.split("\0"), zip(rows, parts, strict=False), strict=False))


def _write(cache: Path, known: _Known) -> None:
    """Whole or not at all; what another process writes meanwhile is lost, and computed again when it is asked for."""
    cache.parent.mkdir(parents=True, exist_ok=True)
    states = np.array([state for state, _ in known.values()], np.int64)
    names, made = "\0".join(known).encode(), b"".join(digest for _, digest in known.values())
    with replacing(cache) as unfinished, unfinished.open("wb") as stream:
        np.savez(stream, names=np.frombuffer(names, np.uint8), states=states, digests=np.frombuffer(made, np.uint8))
