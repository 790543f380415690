"""Fetching what may be fetched: resumed, checked before it is opened, unpacked without letting an archive out.

A download is kept as `NAME.part` until it is whole and its checksum agrees; a broken one continues where it stopped.
"""

import http.client
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from pydantic import ValidationError

from artifacts import UserError
from artifacts.files import digest_of, write_text
from artifacts.frozen import Frozen
from artifacts.progress import Progress
from artifacts.reading import read_regular
from empirical.datasets.sources import Fetched, Source
from empirical.formats.archives import BadArchive, unpack

DOWNLOADS, LOCK = ".downloads", ".downloads.lock"
BLOCK = 2**20
MOST_RECORD = 16 << 20  # bytes of what is noted of an archive that was unpacked
TIMEOUT = 60
# An unpacked archive of compressed images takes about the archive's own size.
UNPACKED_SHARE = 1.1


@dataclass(frozen=True)
class Received:
    """What one file became.

    Attributes:
      sha256: of the file as fetched; of an archive that was unpacked before, of that archive.
      checked: whether a published checksum agreed, with the file that is there or with the archive when it was
        unpacked; False where none is published.
      state: what was found or done, for a reader.
    """

    name: str
    place: str
    sha256: str
    checked: bool
    state: str


class Unpacked(Frozen):
    """What an archive left behind, so that a later call sees whether it is all there.

    Attributes:
      entries: for each top entry its number of files and their bytes.
    """

    sha256: str
    checked: bool
    entries: Mapping[str, tuple[int, int]]


def download(
    source: Source, root: Path, *, keep: bool = False, force: bool = False, progress: Progress
) -> list[Received]:
    """Fetch a source's files into their places below the data root.

    What is there already is checked: a file against its published checksum, what was unpacked against the number and
    bytes of its files. What is gone is fetched again. Archives are removed once they are unpacked, unless `keep`.

    Args:
      force: fetch again what is there, and put it in its place once it is whole.
    Raises:
      UserError: the source can only be had by hand; there is no room; the server, a size or a checksum is wrong; what
        is there differs from what was published or unpacked.
    """
    if not source.fetched:
        raise UserError(f"{source.name} must be fetched by hand: {' '.join(source.steps)}")
    try:
        (root / DOWNLOADS).mkdir(parents=True, exist_ok=True)
        with FileLock(root / LOCK):
            return [_received(file, root, keep=keep, force=force, progress=progress) for file in source.fetched]
    except OSError as error:
        raise UserError(
            f"{root} must be writable and have room, but {error}; nothing half done was left in place."
        ) from error


def _received(file: Fetched, root: Path, *, keep: bool, force: bool, progress: Progress) -> Received:
    folder = root / file.into
    done = root / DOWNLOADS / f"{file.name}.done"
    if not force:
        there = _unpacked_before(file, folder, done) if file.archive else _file_there(file, folder)
        if there is not None:
            progress(f"{file.name} is there", 1.0)
            return there
    whole = root / DOWNLOADS / file.name
    # An archive lies there whole, and checked, where unpacking was cut off or had no room.
    sha256 = digest_of(whole, "sha256") if whole.exists() and not force else _fetched(file, whole, progress)
    checked = bool(file.sha256 or file.md5)
    folder.mkdir(parents=True, exist_ok=True)
    if not file.archive:
        os.replace(whole, folder / file.name)
        return Received(file.name, str(folder), sha256, checked, "fetched")
    progress(f"unpacking {file.name}", 1.0)
    try:
        names = unpack(whole, folder, replace=force)
    except BadArchive:
        whole.unlink()  # of no use to the next call, which fetches it again
        raise
    record = Unpacked(sha256=sha256, checked=checked, entries={name: _extent(folder / name) for name in names})
    write_text(done, record.model_dump_json() + "\n")
    if not keep:
        whole.unlink()
    return Received(file.name, str(folder), sha256, checked, "fetched and unpacked")


def _file_there(file: Fetched, folder: Path) -> Received | None:
    path = folder / file.name
    if not path.is_file():
        return None
    sha256 = digest_of(path, "sha256")
    wrong = _differing(file, path, sha256)
    if wrong:
        raise UserError(f"{path} must have {wrong}; `--force` fetches it again in its place.")
    return Received(file.name, str(folder), sha256, bool(file.sha256 or file.md5), "there")


def _unpacked_before(file: Fetched, folder: Path, done: Path) -> Received | None:
    """None where nothing is known of an earlier unpacking, or some of what it left is gone altogether."""
    try:
        before = Unpacked.model_validate_json(read_regular(done, MOST_RECORD))
    except (OSError, ValidationError):
        return None
    for name, (count, size) in before.entries.items():
        if not (folder / name).exists():
            return None
        extent = _extent(folder / name)
        if extent != (count, size):
            raise UserError(
                f"{folder / name} must hold the {count} files ({size} bytes) that {file.name} was unpacked to, got "
                f"{extent[0]} ({extent[1]} bytes); `--force` fetches and unpacks it again in its place."
            )
    return Received(file.name, str(folder), before.sha256, before.checked, "there as it was unpacked")


def _extent(path: Path) -> tuple[int, int]:
    """Number of files in a place, and their bytes."""
    if path.is_file():
        return 1, path.stat().st_size
    count = size = 0
    for folder, _, names in os.walk(path):
        for name in names:
            count += 1
            size += os.stat(os.path.join(folder, name), follow_symlinks=False).st_size
    return count, size


def _differing(file: Fetched, path: Path, sha256: str) -> str:
    """The published size or checksum that a file lacks, with what it has; empty where all agree."""
    if file.size is not None and path.stat().st_size != file.size:
        return f"the published size of {file.size} bytes, got {path.stat().st_size}"
    if file.sha256 is not None and sha256 != file.sha256:
        return f"the published sha256 {file.sha256}, got {sha256}"
    md5 = digest_of(path, "md5") if file.md5 is not None else None
    return f"the published md5 {file.md5}, got {md5}" if md5 != file.md5 else ""


def _fetched(file: Fetched, whole: Path, progress: Progress) -> str:
    """Fetch a file to `whole`, where it appears once it is checked; its SHA-256."""
    part = whole.with_name(f"{file.name}.part")
    fetch(file, part, progress=progress)
    sha256 = _check(file, part)
    os.replace(part, whole)
    return sha256


def fetch(file: Fetched, part: Path, *, progress: Progress) -> None:
    """Append to `part` what is missing of the file.

    Raises:
      UserError: the server cannot be reached, breaks off, or offers another size than was published; no room.
    """
    have = part.stat().st_size if part.exists() else 0
    if file.size is not None and have > file.size:
        part.unlink()  # not this file
        have = 0
    if file.size is not None and have == file.size:
        return
    headers = {"User-Agent": "feature-distortion"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(urllib.request.Request(file.url, headers=headers), timeout=TIMEOUT) as answer:
            if have and answer.status != http.client.PARTIAL_CONTENT:
                have = 0  # the server cannot resume: from the start
            length = answer.headers.get("Content-Length")
            total = have + int(length) if length is not None else file.size
            if total is not None and file.size is not None and total != file.size:
                raise UserError(
                    f"{file.url} must offer {file.size} bytes as published, got {total}; the file has changed there."
                )
            _check_room(file, part.parent, missing=0 if total is None else total - have, total=total or 0)
            with part.open("ab" if have else "wb") as stream:
                while block := answer.read(BLOCK):
                    stream.write(block)
                    have += len(block)
                    progress(file.name, 0.0 if not total else have / total)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and file.size is None:
            return  # nothing is missing
        raise UserError(
            f"{file.url} must be served, got HTTP {error.code}; see `distort bench datasets` for other ways."
        ) from error
    except (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException) as error:
        raise UserError(
            f"{file.url} must be reachable, but {error}; run the same command again, it resumes."
        ) from error
    if total is not None and have != total:
        raise UserError(f"{file.url} broke off after {have} of {total} bytes; run the same command again, it resumes.")


def _check_room(file: Fetched, folder: Path, *, missing: int, total: int) -> None:
    needed = missing + (int(UNPACKED_SHARE * total) if file.archive else 0)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise UserError(
            f"{folder} must have {needed / 1e9:.1f} GB free for {file.name}, got {free / 1e9:.1f} GB; "
            "free some space or name another --root."
        )


def _check(file: Fetched, part: Path) -> str:
    """The file's SHA-256, after every published size and checksum has agreed; a wrong file is removed."""
    sha256 = digest_of(part, "sha256")
    wrong = _differing(file, part, sha256)
    if wrong:
        part.unlink()
        raise UserError(f"{file.name} must have {wrong}; it was removed unopened; run the same command again.")
    return sha256
