"""Images of a miniature as files, and their counts for its marker."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from empirical.datasets.sizes import Miniature, SetSize, write_marker


def save_jpegs(images: Iterable[UInt8[np.ndarray, "_ _ 3"]], paths: Sequence[Path]) -> None:
    """Write one image a path, as JPEG of quality 90; the folders must be there."""
    for pixels, path in zip(images, paths, strict=True):
        Image.fromarray(pixels).save(path, quality=90)


def save_pngs(images: Iterable[UInt8[np.ndarray, "_ _ 3"]], paths: Sequence[Path]) -> None:
    """Write one image a path, lossless and barely compressed; the folders must be there."""
    for pixels, path in zip(images, paths, strict=True):
        Image.fromarray(pixels).save(path, compress_level=1)


def cropped(images: UInt8[np.ndarray, "n s s 3"], generator: np.random.Generator) -> list[UInt8[np.ndarray, "_ _ 3"]]:
    """Each cut to a height and width of its own, as photographs come in many shapes; at least four fifths remain."""
    side = images.shape[1]
    low = side * 4 // 5
    boxes = [(generator.integers(low, side + 1), generator.integers(low, side + 1)) for _ in images]
    return [
        image[(side - h) // 2 : (side - h) // 2 + h, (side - w) // 2 : (side - w) // 2 + w]
        for image, (h, w) in zip(images, boxes, strict=True)
    ]


def mark(folder: Path, seed: int, sizes: Mapping[str, SetSize]) -> None:
    """Write the marker that makes a folder a miniature.

    Args:
      sizes: of each set that lies in it, by `dataset/set`.
    """
    write_marker(folder, Miniature(seed=seed, sizes=sizes))


def exactly(total: int, per_class: int) -> SetSize:
    """The size of a set whose classes all have `per_class` images."""
    return SetSize(total=total, per_class=(per_class, per_class))
