"""Names of folders and of image files, sorted; no file is opened."""

import os
import re
from pathlib import Path

from artifacts import UserError

#: Endings of files that the official loaders take for images.
EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif")


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
