"""A set held against the size that it must have."""

import numpy as np

from empirical.datasets.image_sets import ImageSet
from empirical.datasets.sizes import SetSize


def difference(images: ImageSet, size: SetSize, classes: int) -> str:
    """In what a set differs from its size; empty where it does not.

    Args:
      classes: how many classes must occur, where the size says how many images each has.
    """
    if size.total is not None and len(images) != size.total:
        return f"must hold {size.total} images, got {len(images)}"
    if size.per_class is None:
        return ""
    low, high = size.per_class
    occurring, counts = np.unique(images.labels, return_counts=True)
    if len(occurring) != classes and low > 0:
        return f"must hold {classes} classes, got {len(occurring)}"
    wrong = np.flatnonzero((counts < low) | (counts > high))
    if len(wrong):
        first = wrong[0]
        wanted = str(low) if low == high else f"{low} to {high}"
        return f"must hold {wanted} images of each class, got {counts[first]} of class {occurring[first]}"
    return ""
