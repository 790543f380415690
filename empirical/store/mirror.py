"""Images whose pixels come from a store and whose names are those of the files that were packed.

A run is named by its images' fingerprint, so a run on a store is the run on the files. It gives the same numbers too:
an image is taken from the store only where the store holds its very pixels, the others are read from their files.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8

from artifacts import UserError
from empirical.datasets.image_sets import Images, ImageSet
from empirical.store.form import CONTENT
from empirical.store.origin import packed_otherwise
from empirical.store.reading import StoredImages, open_store


@dataclass(frozen=True)
class Mirror(StoredImages):
    """Images of a store in the place of those that were packed.

    Attributes:
      source: the images that were packed, in the same order.
    """

    source: Images

    def __getitem__(self, index: int) -> UInt8[np.ndarray, "h w 3"]:
        return super().__getitem__(index) if self._kept(index) else self.source[index]

    def decode_into(self, pixels: UInt8[np.ndarray, "h w 3"], index: int) -> None:
        """An image decoded into an array of its height and width."""
        if self._kept(index):
            super().decode_into(pixels, index)
        else:
            pixels[:] = self.source[index]

    def subset(self, indices: Int[np.ndarray, " p"]) -> "Mirror":
        """Some of the images, their sources with them."""
        return replace(self, rows=self.rows[indices], source=self.source.subset(indices))

    @property
    def fingerprint(self) -> str:
        """That of the images that were packed."""
        return self.source.fingerprint

    def _kept(self, index: int) -> bool:
        return self.opened.kept is None or bool(self.opened.kept[self.rows[index]])


def mirrored(images: ImageSet, folder: Path) -> ImageSet:
    """The images as the store in a folder has them; those that were given where there is no store.

    Raises:
      UserError: the store was packed from other images or by other code or versions, or resized them: its numbers
        would be others.
    """
    if not (folder / CONTENT).is_file():
        return images
    opened = open_store(folder)
    if opened.store.form.resize is not None:
        raise UserError(
            f"{folder} must hold images as they were, for a run on it to be the run on the files, got "
            f"{opened.store.form.note}; pack without --resize, or name another --store."
        )
    if opened.store.source != images.fingerprint:
        raise UserError(
            f"{folder} must be packed from the images that are there now, but they have changed since; "
            "`distort bench pack` packs them again, or remove the store."
        )
    otherwise = packed_otherwise(opened.store)
    if otherwise:
        raise UserError(
            f"{folder} must be packed by what is here, but {otherwise}; `distort bench pack` packs it again, or remove "
            "the store."
        )
    return replace(images, images=Mirror(opened, np.arange(opened.store.images), images.images))
