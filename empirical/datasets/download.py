"""Fetching what may be fetched: resumed, checked before it is opened, unpacked without letting an archive out.

A download is kept as `NAME.part` until it is whole and its checksum agrees; a broken one continues where it stopped.
"""

import hashlib
import http.client
import os
import shutil
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from artifacts import UserError
from artifacts.progress import Progress
from empirical.datasets.sources import Fetched, Source
from empirical.formats.archives import BadArchive, unpack

DOWNLOADS, LOCK = ".downloads", ".downloads.lock"
BLOCK = 2**20
TIMEOUT = 60
# An unpacked archive of compressed images takes about the archive's own size.
UNPACKED_SHARE = 1.1


@dataclass(frozen=True)
class Received:
    """What one file became.

    Attributes:
      sha256: of the file as fetched; empty where it was there already.
      checked: whether a published checksum agreed; False where none is published.
    """

    name: str
    place: str
    sha256: str
    checked: bool


def download(source: Source, root: Path, *, keep: bool = False, progress: Progress) -> list[Received]:
    """Fetch a source's files into their places below the data root.

    What is there already is left alone. Archives are removed once they are unpacked, unless `keep`.

    Raises:
      UserError: the source can only be had by hand; there is no room; the server, a size or a checksum is wrong.
    """
    if not source.fetched:
        raise UserError(f"{source.name} must be fetched by hand: {' '.join(source.steps)}")
    try:
        (root / DOWNLOADS).mkdir(parents=True, exist_ok=True)
        with FileLock(root / LOCK):
            return [_received(one, root, keep=keep, progress=progress) for one in source.fetched]
    except OSError as error:
        raise UserError(
            f"{root} must be writable and have room, but {error}; nothing half done was left in place."
        ) from error


def _received(one: Fetched, root: Path, *, keep: bool, progress: Progress) -> Received:
    place = root / one.into
    done = root / DOWNLOADS / f"{one.name}.done"
    if (not one.archive and (place / one.name).is_file()) or (one.archive and done.exists()):
        progress(f"{one.name} is there", 1.0)
        return Received(one.name, str(place), "", checked=True)
    whole = root / DOWNLOADS / one.name
    # An archive lies there whole, and checked, where unpacking was cut off or had no room.
    sha256 = _digest(whole, "sha256") if whole.exists() else _fetched(one, whole, progress)
    checked = bool(one.sha256 or one.md5)
    place.mkdir(parents=True, exist_ok=True)
    if not one.archive:
        os.replace(whole, place / one.name)
        return Received(one.name, str(place), sha256, checked)
    progress(f"unpacking {one.name}", 1.0)
    try:
        unpack(whole, place)
    except BadArchive:
        whole.unlink()  # of no use to the next call, which fetches it again
        raise
    done.write_text(sha256 + "\n", encoding="utf-8")
    if not keep:
        whole.unlink()
    return Received(one.name, str(place), sha256, checked)


def _fetched(one: Fetched, whole: Path, progress: Progress) -> str:
    """Fetch a file to `whole`, where it appears once it is checked; its SHA-256."""
    part = whole.with_name(f"{one.name}.part")
    fetch(one, part, progress=progress)
    sha256 = _check(one, part)
    os.replace(part, whole)
    return sha256


def fetch(one: Fetched, part: Path, *, progress: Progress) -> None:
    """Append to `part` what is missing of the file.

    Raises:
      UserError: the server cannot be reached, breaks off, or offers another size than was published; no room.
    """
    have = part.stat().st_size if part.exists() else 0
    if one.size is not None and have > one.size:
        part.unlink()  # not this file
        have = 0
    if one.size is not None and have == one.size:
        return
    headers = {"User-Agent": "feature-distortion"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(urllib.request.Request(one.url, headers=headers), timeout=TIMEOUT) as answer:
            if have and answer.status != http.client.PARTIAL_CONTENT:
                have = 0  # the server cannot resume: from the start
            length = answer.headers.get("Content-Length")
            total = have + int(length) if length is not None else one.size
            if total is not None and one.size is not None and total != one.size:
                raise UserError(
                    f"{one.url} must offer {one.size} bytes as published, got {total}; the file has changed there."
                )
            _check_room(one, part.parent, missing=0 if total is None else total - have, total=total or 0)
            with part.open("ab" if have else "wb") as stream:
                while block := answer.read(BLOCK):
                    stream.write(block)
                    have += len(block)
                    progress(one.name, 0.0 if not total else have / total)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and one.size is None:
            return  # nothing is missing
        raise UserError(
            f"{one.url} must be served, got HTTP {error.code}; see `distort bench datasets` for other ways."
        ) from error
    except (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException) as error:
        raise UserError(f"{one.url} must be reachable, but {error}; run the same command again, it resumes.") from error
    if total is not None and have != total:
        raise UserError(f"{one.url} broke off after {have} of {total} bytes; run the same command again, it resumes.")


def _check_room(one: Fetched, folder: Path, *, missing: int, total: int) -> None:
    needed = missing + (int(UNPACKED_SHARE * total) if one.archive else 0)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise UserError(
            f"{folder} must have {needed / 1e9:.1f} GB free for {one.name}, got {free / 1e9:.1f} GB; "
            "free some space or name another --root."
        )


def _check(one: Fetched, part: Path) -> str:
    """The file's SHA-256, after every published size and checksum has agreed; a wrong file is removed."""
    digests = {kind: _digest(part, kind) for kind in ("sha256", "md5")}
    for kind, wanted in (("sha256", one.sha256), ("md5", one.md5)):
        if wanted is not None and digests[kind] != wanted:
            part.unlink()
            raise UserError(
                f"{one.name} must have the published {kind} {wanted}, got {digests[kind]}; it was removed unopened; "
                "run the same command again."
            )
    return digests["sha256"]


def _digest(path: Path, kind: str) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, kind).hexdigest()
