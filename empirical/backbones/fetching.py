"""Fetching published weights: resumed, and held against their checksum before they are put in place."""

import os
from pathlib import Path

from artifacts import UserError
from artifacts.progress import Progress
from empirical.backbones.catalogue import agrees
from empirical.backbones.checkpoint_locations import VARIABLE, CheckpointLocations
from empirical.backbones.published import Published, WeightsFile
from empirical.datasets.download import fetch
from empirical.datasets.sources import Fetched
from empirical.formats.weights_file import sha256_of


def fetch_weights(one: Published, locations: CheckpointLocations, *, progress: Progress) -> Path:
    """Fetch the first of a backbone's files into the checkpoints' folder; what is there already is left alone.

    Raises:
      UserError: no folder is named, the server or the checksum is wrong, or there is no room.
    """
    if locations.folder is None:
        raise UserError(f"Weights must have somewhere to go, but no folder is named; set {VARIABLE} or a data root.")
    file = one.files[0]
    place = locations.folder / file.name
    if place.is_file():
        progress(f"{file.name} is there", 1.0)
        return place
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        return _fetched(file, place, progress=progress)
    except OSError as error:
        raise UserError(f"{place.parent} must be writable and have room, but {error}.") from error


def _fetched(file: WeightsFile, place: Path, *, progress: Progress) -> Path:
    part = place.with_name(f".{place.name}.part")
    fetch(Fetched(url=file.address, name=place.name), part, progress=progress)
    sha256 = sha256_of(part)
    if not agrees(part, file, sha256):
        part.unlink()
        raise UserError(
            f"{file.address} must have the published checksum {file.sha256 or file.md5}, got SHA-256 {sha256}; it was "
            "removed unopened; run the same command again."
        )
    os.replace(part, place)
    return place
