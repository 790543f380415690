"""Archives unpacked so that nothing lands outside the folder: no absolute path, no `..`, no link, no device."""

import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from artifacts import UserError


class BadArchive(UserError):
    """An archive that is damaged, or holds what an archive of images must not."""


def unpack(archive: Path, folder: Path) -> None:
    """Unpack into `folder`; each top entry appears there whole or not at all.

    Raises:
      BadArchive: the archive is damaged, or holds what an archive of images must not.
      UserError: it would overwrite something.
    """
    partial = folder / f".partial-{archive.name}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        if archive.name.endswith(".zip"):
            _unzip(archive, partial)
        else:
            _untar(archive, partial)
        for entry in sorted(partial.iterdir()):
            if (folder / entry.name).exists():
                raise UserError(
                    f"{folder / entry.name} must not be there already; move it away and run the command again."
                )
        for entry in sorted(partial.iterdir()):
            os.replace(entry, folder / entry.name)
    # zlib and lzma have errors of their own for a stream that is cut off or altered.
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, NotImplementedError) as error:
        raise BadArchive(f"{archive} must be a whole and harmless archive, but {error}; fetch it again.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _untar(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as content:
        for member in content:
            if not (member.isfile() or member.isdir()):
                raise tarfile.TarError(f"{member.name} is a link or a device")
            content.extract(member, folder, filter="data")


def _unzip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as content:
        for member in content.infolist():
            path = PurePosixPath(member.filename.replace("\\", "/"))
            mode = member.external_attr >> 16
            if path.is_absolute() or ".." in path.parts or ":" in member.filename:
                raise zipfile.BadZipFile(f"{member.filename} leads out of the folder")
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise zipfile.BadZipFile(f"{member.filename} is a link or a device")
            content.extract(member, folder)
