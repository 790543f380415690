"""DomainNet: each domain's images by lists of training and test images."""

import re
from collections import Counter
from pathlib import Path

import numpy as np

from artifacts import UserError
from artifacts.reading import read_text
from empirical.datasets.families.domainnet import CLASSES, SOURCE, split_file
from empirical.datasets.image_sets import ImageFiles, ImageSet
from empirical.datasets.locations import Locations

MOST_BYTES = 64 << 20


def index(name: str, domain: str, split: str, locations: Locations) -> ImageSet:
    """What the list of a domain's training or test images names; all of it must be there."""
    folder = locations.folder(SOURCE)
    file = split_file(folder, domain, split)
    try:
        lines = read_text(file, MOST_BYTES).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{file} must list {domain}'s images, but {error}; `distort bench download domainnet`."
        ) from error
    if not (folder / domain).is_dir():
        raise UserError(
            f"{folder / domain} must hold the images of {domain}, but is missing; unpack {domain}.zip there."
        )
    entries = [_entry(file, domain, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    paths = tuple(path for path, _ in entries)
    if len(set(paths)) < len(paths):
        repeated = next(path for path, count in Counter(paths).items() if count > 1)
        raise UserError(f"{file} must name every image once, got {repeated} several times; fetch the file again.")
    _check_files(folder, domain, paths, file)
    return ImageSet(
        name=name, images=ImageFiles(folder, paths), labels=np.array([label for _, label in entries], np.int32)
    )


def _entry(file: Path, domain: str, number: int, line: str) -> tuple[str, int]:
    """Path and label of one line; the class in the path and the label must agree, and the domain be the file's."""
    path, _, label = line.strip().rpartition(" ")
    parts = path.split("/")
    known = re.fullmatch(r"[0-9]{1,4}", label) and int(label) < len(CLASSES)
    if not known or len(parts) != 3 or parts[:2] != [domain, CLASSES[int(label)]] or parts[2] in ("", ".", ".."):
        raise UserError(
            f"{file} line {number} must be `{domain}/class/image label`, got {line.strip()[:200]!r}; "
            "fetch the file again."
        )
    return path, int(label)


def _check_files(folder: Path, domain: str, paths: tuple[str, ...], file: Path) -> None:
    """Every image that is listed is there; found out by listing folders, not by a call for each file."""
    there: dict[str, set[str]] = {}
    for path in paths:
        parent, _, name = path.rpartition("/")
        if parent not in there:
            parent_folder = folder / parent
            there[parent] = {entry.name for entry in parent_folder.iterdir()} if parent_folder.is_dir() else set()
        if name not in there[parent]:
            raise UserError(f"{folder / path} is named by {file.name} but missing; unpack {domain}.zip again.")
