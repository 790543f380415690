"""One view of every data set: names, labels and references first; pixels only when asked for."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8

from empirical.datasets.file_digests import digests
from empirical.datasets.pixels import read_image

Labels = Int[np.ndarray, " n"]


class Images(ABC):
    """An ordered sequence of images that can be named without being read."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __getitem__(self, index: int) -> UInt8[np.ndarray, "h w 3"]:
        """The pixels."""

    @abstractmethod
    def reference(self, index: int) -> str:
        """Where the image comes from, for a reader: a file, or a file and a row."""

    @abstractmethod
    def subset(self, indices: Int[np.ndarray, " p"]) -> "Images":
        """The images at these positions, in the order given; nothing is read."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """SHA-256 that changes when images are added, removed, reordered or replaced."""

    @property
    def shape(self) -> tuple[int, int] | None:
        """Height and width where all images are known to share them without being read."""
        return None

    def gather(self, indices: Int[np.ndarray, " b"]) -> UInt8[np.ndarray, "b h w 3"]:
        """Several images of one shape at once."""
        return np.stack([self[int(index)] for index in indices])


@dataclass(frozen=True)
class ImageFiles(Images):
    """One file an image; `paths` are relative to `folder`, with forward slashes.

    Attributes:
      first_frame: of a file that holds several pictures, the first is taken; else it is refused.
    """

    folder: Path
    paths: tuple[str, ...]
    first_frame: bool = False

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> UInt8[np.ndarray, "h w 3"]:
        return read_image(self.path(index), first_frame=self.first_frame)

    def path(self, index: int) -> Path:
        """The file of one image."""
        return self.folder / self.paths[index]

    def reference(self, index: int) -> str:
        """The path of the file."""
        return str(self.path(index))

    def subset(self, indices: Int[np.ndarray, " p"]) -> "ImageFiles":
        """The files at these positions."""
        return replace(self, paths=tuple(self.paths[index] for index in indices))

    @cached_property
    def fingerprint(self) -> str:
        """Over the files' contents (`file_digests`): names and places may change, pictures may not."""
        return hashlib.sha256(digests(self.folder, self.paths)).hexdigest()


@dataclass(frozen=True)
class ImageRows(Images):
    """Rows of an array of pixels, in memory or mapped from a file.

    Attributes:
      origin: where the array comes from, for a reader: a file, several named together, or how it was made.
    """

    origin: str
    pixels: UInt8[np.ndarray, "n h w 3"]
    rows: Int[np.ndarray, " p"]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> UInt8[np.ndarray, "h w 3"]:
        return np.asarray(self.pixels[self.rows[index]])

    def reference(self, index: int) -> str:
        """What the array comes from, and the row in it."""
        return f"{self.origin} row {self.rows[index]}"

    def subset(self, indices: Int[np.ndarray, " p"]) -> "ImageRows":
        """The rows at these positions; pixels are shared."""
        return replace(self, rows=self.rows[indices])

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, which all rows share."""
        return self.pixels.shape[1:3]

    def gather(self, indices: Int[np.ndarray, " b"]) -> UInt8[np.ndarray, "b h w 3"]:
        """Several images, copied out of the array at once."""
        return np.ascontiguousarray(self.pixels[self.rows[indices]])

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the pixels in order; where they come from does not matter."""
        digest = hashlib.sha256()
        for start in range(0, len(self.rows), 4096):
            digest.update(self.pixels[self.rows[start : start + 4096]].tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class ImageSet:
    """Labelled images.

    Attributes:
      labels: positions in the data set's `classes`.
      valid_labels: where predictions are restricted to some classes (ImageNet-R and -A), those classes, ascending.
    """

    name: str
    images: Images
    labels: Labels
    valid_labels: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if len(self.images) != len(self.labels):
            raise ValueError(f"`labels` must be as many as `images`, got {len(self.labels)} and {len(self.images)}.")

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, indices: Int[np.ndarray, " p"], *, name: str) -> "ImageSet":
        """The images at these positions with their labels.

        Args:
          name: of the set that comes out.
        """
        return replace(self, name=name, images=self.images.subset(indices), labels=self.labels[indices])

    def renamed(self, name: str) -> "ImageSet":
        """The same set under another name."""
        return replace(self, name=name)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the images' fingerprint, the labels and the classes that predictions are restricted to."""
        digest = hashlib.sha256(self.images.fingerprint.encode())
        digest.update(self.labels.astype("<i4").tobytes())
        if self.valid_labels is not None:
            digest.update(repr(self.valid_labels).encode())
        return digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """In distribution: what is trained on, selected on and reported. Out of distribution: what is only reported.

    Attributes:
      protocol: name of the split protocol that made `id_training` and `id_validation`.
      miniature: a synthetic copy, whose numbers say nothing about the data set.
      counterparts: the training images in the look of each OOD set, where OOD images are ID images in another look, one
        for one; to describe sets with, never to train methods on.
    """

    name: str
    classes: tuple[str, ...]
    protocol: str
    miniature: bool
    id_training: ImageSet
    id_validation: ImageSet
    id_test: ImageSet
    ood: tuple[ImageSet, ...]
    counterparts: tuple[ImageSet, ...] = ()

    @property
    def sets(self) -> Sequence[ImageSet]:
        """Every set but the counterparts: training, validation, ID test, then OOD."""
        return (self.id_training, self.id_validation, self.id_test, *self.ood)


def spread(count: int, most: int | None) -> Int[np.ndarray, " p"]:
    """Positions of at most so many among `count` images, evenly spread; of all where `most` is None."""
    return np.linspace(0, count, count if most is None else min(most, count), endpoint=False).astype(np.int64)
