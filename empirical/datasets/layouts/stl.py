"""STL-10's test images with CIFAR-10's labels.

Each channel is stored column by column; labels run from 1 to 10 in STL's own order; monkeys, which CIFAR-10 does not
know, are dropped. CIFAR-10's frog never occurs: predicting it is an error.
"""

from pathlib import Path

import numpy as np

from artifacts import UserError
from artifacts.reading import open_regular
from empirical.datasets.families.stl import SOURCE
from empirical.datasets.image_sets import ImageRows, ImageSet
from empirical.datasets.locations import Locations

SIDE = 96
CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")
MONKEY = CLASSES.index("monkey") + 1
# CIFAR-10's label of each STL class.
CIFAR_LABELS = np.array([0, 2, 1, 3, 4, 5, 7, -1, 8, 9], np.int32)


def index(locations: Locations) -> ImageSet:
    """The test images that are no monkeys."""
    folder = locations.folder(SOURCE)
    labels = _bytes(folder / "test_y.bin")
    if labels.min() < 1 or labels.max() > len(CLASSES):
        raise UserError(
            f"{folder / 'test_y.bin'} must hold labels 1 to 10, but does not; unpack stl10_binary.tar.gz again."
        )
    planes = _bytes(folder / "test_X.bin")
    if len(planes) != len(labels) * 3 * SIDE * SIDE:
        raise UserError(
            f"{folder / 'test_X.bin'} must hold {len(labels)} images of {3 * SIDE * SIDE} bytes, "
            f"got {len(planes)} bytes; unpack stl10_binary.tar.gz again."
        )
    # Stored as image, channel, column, row.
    pixels = planes.reshape(-1, 3, SIDE, SIDE).transpose(0, 3, 2, 1)
    rows = np.flatnonzero(labels != MONKEY)
    images = ImageRows(str(folder / "test_X.bin"), pixels, rows)
    return ImageSet(name="stl10", images=images, labels=CIFAR_LABELS[labels[rows].astype(np.int64) - 1])


def _bytes(path: Path) -> np.ndarray:
    """The file as uint8, mapped rather than read: the images take 221 MB."""
    try:
        with open_regular(path) as stream:
            empty = not stream.read(1)
        if empty:
            raise UserError(f"{path} must not be empty; unpack stl10_binary.tar.gz again.")
        return np.memmap(path, np.uint8, mode="r")
    except OSError as error:
        raise UserError(f"{path} must be there, but {error.strerror}; `distort bench download stl10`.") from error
