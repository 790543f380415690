"""A file of weights held against its published checksum."""

from pathlib import Path

from artifacts import UserError
from artifacts.files import digest_of
from empirical.backbones.published_form import WeightsFile


def checked_sha256(path: Path, file: WeightsFile | None) -> str:
    """A file's SHA-256.

    Raises:
      UserError: it must be a published file and is not.
    """
    sha256 = digest_of(path)
    if file is not None and not agrees(path, file, sha256):
        raise UserError(
            f"{path} must have the published checksum {file.sha256 or file.md5}, got SHA-256 {sha256}; fetch it again, "
            f"or name the file as the checkpoint if it is meant."
        )
    return sha256


def agrees(path: Path, file: WeightsFile, sha256: str) -> bool:
    """Whether a file's checksum begins as the published one; True where none is published."""
    return sha256.startswith(file.sha256) and (not file.md5 or digest_of(path, "md5").startswith(file.md5))
