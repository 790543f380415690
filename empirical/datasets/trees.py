"""Images of class folders: one subfolder a class, files in sorted order."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from empirical.datasets.image_sets import ImageFiles, ImageSet
from empirical.datasets.listings import image_names


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
