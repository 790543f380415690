"""Fetching published weights: resumed, and held against their checksum before they are put in place."""

import os
from pathlib import Path

from artifacts import UserError
from artifacts.files import digest_of
from artifacts.progress import Progress
from empirical.backbones.checkpoint_locations import VARIABLE, CheckpointLocations
from empirical.backbones.published_checksums import agrees
from empirical.backbones.published_form import PublishedBackbone, WeightsFile
from empirical.backbones.weights_file import stored_tensors
from empirical.datasets.download import fetch
from empirical.datasets.sources import Fetched


def fetch_weights(
    backbone: PublishedBackbone, locations: CheckpointLocations, *, force: bool = False, progress: Progress
) -> Path:
    """Fetch the first of a backbone's files into the checkpoints' folder; what is there already is checked.

    Args:
      force: fetch again what is there, and put it in its place once it is whole.
    Raises:
      UserError: no folder is named, the server or the checksum is wrong, or there is no room; what is there is not the
        published file, or no file of weights.
    """
    if locations.folder is None:
        raise UserError(f"Weights must have somewhere to go, but no folder is named; set {VARIABLE} or a data root.")
    file = backbone.files[0]
    path = locations.folder / file.name
    if path.is_file() and not force:
        _check(path, file, "`--force` fetches it again in its place")
        progress(f"{file.name} is there", 1.0)
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _fetched(file, path, progress=progress)
    except OSError as error:
        raise UserError(f"{path.parent} must be writable and have room, but {error}.") from error


def _fetched(file: WeightsFile, path: Path, *, progress: Progress) -> Path:
    part = path.with_name(f".{path.name}.part")
    fetch(Fetched(url=file.address, name=path.name), part, progress=progress)
    try:
        _check(part, file, "it was removed; run the same command again")
    except UserError:
        part.unlink()
        raise
    os.replace(part, path)
    return path


def _check(path: Path, file: WeightsFile, mend: str) -> None:
    """The published checksum, and tensors: where no checksum is published, an error page would pass for weights.

    Raises:
      UserError: it is not what it must be.
    """
    sha256 = digest_of(path)
    if not agrees(path, file, sha256):
        raise UserError(
            f"{path} must have the published checksum {file.sha256 or file.md5}, got SHA-256 {sha256}; {mend}."
        )
    try:
        stored_tensors(path)
    except UserError as error:
        raise UserError(f"{path} must be a file of weights ({error}); {mend}.") from error
