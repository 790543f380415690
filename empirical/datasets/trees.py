"""Folders of images: one subfolder a class, files in sorted order."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from artifacts import UserError
from empirical.datasets.image_sets import ImageFiles, ImageSet
from empirical.datasets.pixels import EXTENSIONS


def subfolders(folder: Path, pattern: str = "[^.].*") -> tuple[str, ...]:
    """Names of the subfolders that match, sorted as strings; whatever does not match is left alone.

    Raises:
      UserError: the folder is not there or may not be read.
    """
    try:
        with os.scandir(folder) as entries:
            return tuple(
                sorted(entry.name for entry in entries if entry.is_dir() and re.fullmatch(pattern, entry.name))
            )
    except OSError as error:
        raise UserError(
            f"{folder} must be a folder of class folders, but {error.strerror}; check where the data lie."
        ) from error


def image_names(folder: Path, extensions: tuple[str, ...] = EXTENSIONS) -> tuple[str, ...]:
    """Names of the image files in a folder, sorted; other files are left alone.

    Raises:
      UserError: the folder is not there, or holds no image.
    """
    try:
        with os.scandir(folder) as entries:
            # A dot file is never an image: copying from a Mac leaves `._picture.jpg`.
            names = sorted(
                e.name for e in entries if e.name.lower().endswith(extensions) and not e.name.startswith(".")
            )
    except OSError as error:
        raise UserError(f"{folder} must be a folder of images, but {error.strerror}; check the layout.") from error
    if not names:
        raise UserError(
            f"{folder} must hold images ({', '.join(extensions)}), but holds none; unpack its archive again."
        )
    return tuple(names)


def labelled_tree(name: str, folder: Path, subfolders: Sequence[tuple[str, int]]) -> ImageSet:
    """The images of some class folders, folder after folder in the order given.

    Args:
      subfolders: name of a class folder and the label of its images.
    """
    paths: list[str] = []
    labels: list[int] = []
    for subfolder, label in subfolders:
        names = image_names(folder / subfolder)
        paths.extend(f"{subfolder}/{name}" for name in names)
        labels.extend([label] * len(names))
    return ImageSet(name=name, images=ImageFiles(folder, tuple(paths)), labels=np.array(labels, np.int32))
