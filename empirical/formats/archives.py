"""Archives unpacked so that nothing lands outside the folder: no absolute path, no `..`, no link, no device.

Nor does an archive take more room or memory than its own size allows (`MOST_EXPANSION`): a few bytes that promise
terabytes are refused before any of them is written.
"""

import bz2
import errno
import gzip
import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from io import BufferedIOBase, UnsupportedOperation
from pathlib import Path, PurePosixPath
from typing import IO, cast

from artifacts import UserError
from artifacts.reading import open_regular
from empirical.formats.zip_directory import check_directory

#: Unpacked bytes for each packed one. Photographs hardly shrink; CIFAR-10's and STL-10's pixels shrink by 1.2.
MOST_EXPANSION = 20
#: Unpacked bytes that any archive may have.
FREE_EXPANSION = 64 << 20
#: ImageNet-21k has 14 million files; the largest archive here 1,281,167.
MOST_ENTRIES = 4_000_000
#: Bytes of a zip archive's list of entries: 4 million with names of 80 characters would take 500 MB.
MOST_DIRECTORY = 512 << 20
#: Bytes that `tarfile` may ask for at once: data comes in smaller blocks, only headers are read whole.
MOST_AT_ONCE = 1 << 20
_OPENERS: tuple[tuple[bytes, Callable[..., BufferedIOBase]], ...] = (
    (b"\x1f\x8b", lambda stream: gzip.GzipFile(fileobj=stream)),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\x00", lzma.LZMAFile),
)
# Errors of the system that are the archive's fault: names that clash, are too long, or that no file can have.
_OF_NAMES = {errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL, errno.ELOOP, errno.ENOTEMPTY}


class BadArchive(UserError):
    """An archive that is damaged, or holds what an archive of images must not."""


def unpack(archive: Path, folder: Path, *, replace: bool = False) -> tuple[str, ...]:
    """Unpack into `folder`; each top entry appears there whole or not at all. The names of these entries.

    Args:
      replace: put entries in the place of those that are there, once the archive is unpacked whole.
    Raises:
      BadArchive: the archive is damaged, or holds what an archive of images must not.
      UserError: it would overwrite something.
    """
    partial = folder / f".partial-{archive.name}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        _into(archive, partial)
        for entry in sorted(partial.iterdir()):
            if os.path.lexists(folder / entry.name) and not replace:
                raise UserError(
                    f"{folder / entry.name} must not be there already; move it away and run the command again."
                )
        entries = sorted(partial.iterdir())
        for entry in entries:
            _put(entry, folder / entry.name)
        return tuple(entry.name for entry in entries)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _put(entry: Path, target: Path) -> None:
    """Move an entry to its place; what is there goes once the entry is in it."""
    if not target.is_dir() or target.is_symlink():
        os.replace(entry, target)
        return
    old = target.with_name(f".old-{target.name}")
    shutil.rmtree(old, ignore_errors=True)
    os.replace(target, old)
    os.replace(entry, target)
    shutil.rmtree(old)


def _into(archive: Path, folder: Path) -> None:
    try:
        if archive.name.endswith(".zip"):
            _unzip(archive, folder)
        else:
            _untar(archive, folder)
    # zlib and lzma have errors of their own; RuntimeError is zipfile's for an encrypted entry, ValueError that of a
    # name with a null byte or half a character.
    except (
        tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError,
        ValueError, OverflowError, KeyError, UnsupportedOperation,
    ) as error:  # fmt: skip
        raise _bad(archive, str(error)) from error
    except OSError as error:
        # bz2 and gzip say OSError without a number where the stream is damaged.
        if error.errno is None or error.errno in _OF_NAMES:
            raise _bad(archive, error.strerror or str(error)) from error
        raise


def _bad(archive: Path, reason: str) -> BadArchive:
    return BadArchive(f"{archive} must be a whole and harmless archive, but {reason}; fetch it again.")


class _Bounds:
    """What an archive may still unpack to."""

    def __init__(self, archive: Path):
        self.room = FREE_EXPANSION + MOST_EXPANSION * archive.stat().st_size
        self.entries = MOST_ENTRIES

    def take(self, name: str, size: int) -> None:
        """Count an entry before any of it is written."""
        self.room -= size
        self.entries -= 1
        if self.room < 0 or size < 0:
            raise tarfile.TarError(f"{name} makes it unpack to more than {MOST_EXPANSION} times its size")
        if self.entries < 0:
            raise tarfile.TarError(f"it holds more than {MOST_ENTRIES} entries")


class _Careful:
    """A stream of which nothing large is read at once: a header of gigabytes would be held in memory whole."""

    def __init__(self, stream: BufferedIOBase):
        self.stream = stream
        self.seek, self.tell = stream.seek, stream.tell

    def read(self, size: int) -> bytes:
        if not 0 <= size <= MOST_AT_ONCE:
            raise tarfile.ReadError(f"a header asks for {size} bytes")
        return self.stream.read(size)


def _untar(archive: Path, folder: Path) -> None:
    bounds = _Bounds(archive)
    with open_regular(archive) as stream:
        start = stream.read(8)
        stream.seek(0)
        opener = next((opener for mark, opener in _OPENERS if start.startswith(mark)), None)
        plain = stream if opener is None else opener(stream)
        with tarfile.open(fileobj=cast(IO[bytes], _Careful(plain)), mode="r:") as content:
            for member in content:
                if not (member.isfile() or member.isdir()) or member.issparse():
                    raise tarfile.TarError(f"{member.name} is a link, a device or a file with holes")
                bounds.take(member.name, member.size)
                content.extract(member, folder, filter="data")
                # tarfile would keep every header; the list is its own, and in no stub.
                content.members = []  # pyright: ignore[reportAttributeAccessIssue]


def _unzip(archive: Path, folder: Path) -> None:
    check_directory(archive, MOST_DIRECTORY)
    bounds = _Bounds(archive)
    with open_regular(archive) as stream, zipfile.ZipFile(stream) as content:
        for member in content.infolist():
            path = PurePosixPath(member.filename.replace("\\", "/"))
            mode = member.external_attr >> 16
            if not path.parts:
                raise zipfile.BadZipFile("an entry has no name")
            if path.is_absolute() or ".." in path.parts or ":" in member.filename:
                raise zipfile.BadZipFile(f"{member.filename} leads out of the folder")
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise zipfile.BadZipFile(f"{member.filename} is a link or a device")
            bounds.take(member.filename, member.file_size)
            content.extract(member, folder)
