"""Images that are drawn when they are first looked at, each the same whenever that is, and remembered."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Int, UInt8

from empirical.datasets.drawn_digests import remembered
from empirical.datasets.image_sets import ImageRows, Images, ImageSet, Labels
from empirical.datasets.styles import TOGETHER


@dataclass(frozen=True)
class Sheet:
    """All images of one look, as far as they are drawn.

    Attributes:
      draw: the images at `TOGETHER` positions; what is drawn for a position depends on it alone.
      shape: height and width.
      made_from: a name for everything that decides the pixels, the code, its libraries and the device included; None
        where there is none.
    """

    draw: Callable[[Int[np.ndarray, " b"]], UInt8[np.ndarray, "b h w 3"]]
    count: int
    shape: tuple[int, int]
    made_from: str | None = None
    pixels: UInt8[np.ndarray, "n h w 3"] = field(init=False)
    known: Bool[np.ndarray, " n"] = field(init=False)

    def __post_init__(self) -> None:
        # Pages of memory that nobody writes to are never taken from the system.
        object.__setattr__(self, "pixels", np.zeros((self.count, *self.shape, 3), np.uint8))
        object.__setattr__(self, "known", np.zeros(self.count, bool))

    def __len__(self) -> int:
        return self.count

    def at(self, positions: Int[np.ndarray, " b"]) -> UInt8[np.ndarray, "b h w 3"]:
        """The images at these positions, drawn where they are not yet."""
        missing = np.unique(positions[~self.known[positions]])
        for start in range(0, len(missing), TOGETHER):
            some = missing[start : start + TOGETHER]
            filled = np.concatenate([some, np.full(TOGETHER - len(some), some[-1])])
            # Several threads may draw the same image: they write the same bytes, and before it counts as known.
            self.pixels[some] = self.draw(filled)[: len(some)]
            self.known[some] = True
        return self.pixels[positions]


@dataclass(frozen=True)
class DrawnImages(Images):
    """Some of a sheet's images.

    Attributes:
      origin: how they are made, for a reader.
      rows: positions on the sheet.
    """

    origin: str
    sheet: Sheet
    rows: Int[np.ndarray, " p"]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> UInt8[np.ndarray, "h w 3"]:
        return self.gather(np.array([index]))[0]

    def reference(self, index: int) -> str:
        """How it is made, and its position."""
        return f"{self.origin} row {self.rows[index]}"

    def subset(self, indices: Int[np.ndarray, " p"]) -> "DrawnImages":
        """The images at these positions; nothing is drawn."""
        return replace(self, rows=self.rows[indices])

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, which all share."""
        return self.sheet.shape

    def gather(self, indices: Int[np.ndarray, " b"]) -> UInt8[np.ndarray, "b h w 3"]:
        """Several images at once."""
        return self.sheet.at(self.rows[indices])

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the pixels in order, all of which are drawn for it where it is not known from an earlier time."""

        def digest() -> str:
            return hashlib.sha256(self.sheet.at(self.rows).tobytes()).hexdigest()

        if self.sheet.made_from is None:
            return digest()
        rows = hashlib.sha256(self.rows.astype(np.int64).tobytes()).hexdigest()
        return remembered(f"{self.sheet.made_from} {rows}", digest)


#: All images of a pool in one look: an array, or a sheet that draws those that are looked at.
Pictures = UInt8[np.ndarray, "n h w 3"] | Sheet


def whole_set(name: str, origin: str, pictures: Pictures, labels: Labels) -> ImageSet:
    """All pictures of a look with their labels.

    Args:
      name: of the set.
      origin: how the pictures are made, for a reader.
    """
    rows = np.arange(len(pictures))
    if isinstance(pictures, np.ndarray):
        return ImageSet(name=name, images=ImageRows(origin, pictures, rows), labels=labels)
    return ImageSet(name=name, images=DrawnImages(origin, pictures, rows), labels=labels)
