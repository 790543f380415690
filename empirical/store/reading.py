"""A store's images, read where they are needed: pixels mapped from the disk, JPEGs decoded in threads."""

import hashlib
import math
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType

import numpy as np
from jaxtyping import Bool, Int, UInt8
from pydantic import ValidationError

from artifacts import DamagedArtifact, UserError, published
from artifacts.arrays import read_array
from artifacts.files import digest_of
from artifacts.reading import read_regular
from empirical.datasets.image_sets import Images, ImageSet
from empirical.datasets.pixels import MOST_PIXELS
from empirical.store.form import CONTENT, EXTENTS, JPEGS, KEPT, LABELS, MOST_BYTES, OFFSETS, PIXELS, Store

AGAIN = "pack it again"


@dataclass(frozen=True)
class Opened:
    """A store that was found complete."""

    folder: Path
    store: Store

    def image_set(self) -> ImageSet:
        """The stored images with their labels."""
        labels = read_array(self.folder / LABELS, AGAIN)
        if labels.shape != (self.store.images,) or not np.issubdtype(labels.dtype, np.integer):
            raise _damaged(self.folder / LABELS, f"hold {self.store.images} integers")
        images = StoredImages(self, np.arange(self.store.images))
        return ImageSet(name=self.store.name, images=images, labels=labels, valid_labels=self.store.valid_labels)

    @cached_property
    def starts(self) -> Int[np.ndarray, " shards"]:
        """Position of each shard's first image."""
        return np.cumsum([0] + [shard.images for shard in self.store.shards[:-1]])

    @cached_property
    def maps(self) -> tuple[UInt8[np.ndarray, "..."], ...]:
        """Every shard's payload, mapped: nothing is read before it is asked for."""
        name = PIXELS if self.store.form.codec == "raw" else JPEGS
        maps = [np.memmap(self.folder / shard.name / name, np.uint8, mode="r") for shard in self.store.shards]
        if self.store.shape is None:
            return tuple(maps)
        shaped = []
        for shard, mapped in zip(self.store.shards, maps, strict=True):
            shape = (shard.images, *self.store.shape, 3)
            if len(mapped) != math.prod(shape):
                raise _damaged(self.folder / shard.name / name, f"hold {shard.images} images of one shape")
            shaped.append(mapped.reshape(shape))
        return tuple(shaped)

    @cached_property
    def offsets(self) -> tuple[Int[np.ndarray, " n"], ...]:
        """Of each shard of a JPEG store, where each image begins in its payload, and where the last ends, in bytes.

        Raises:
          DamagedArtifact: a shard's positions do not fit its payload.
        """
        shards = []
        for shard in self.store.shards:
            path = self.folder / shard.name / OFFSETS
            offsets = read_array(path, AGAIN)
            if offsets.shape != (shard.images + 1,) or offsets.dtype != np.int64:
                raise _damaged(path, f"hold {shard.images + 1} positions")
            if offsets[0] != 0 or (np.diff(offsets) <= 0).any() or offsets[-1] != shard.sizes.get(JPEGS):
                raise _damaged(path, f"hold positions that ascend to the end of {JPEGS}")
            shards.append(offsets)
        return tuple(shards)

    @cached_property
    def kept(self) -> Bool[np.ndarray, " n"] | None:
        """Which images of a JPEG store are the bytes of their files; None where all have their very pixels (raw)."""
        if self.store.form.codec == "raw":
            return None
        parts = []
        for shard in self.store.shards:
            path = self.folder / shard.name / KEPT
            part = read_array(path, AGAIN)
            if part.shape != (shard.images,) or part.dtype != np.bool_:
                raise _damaged(path, f"say of {shard.images} images whether they are as they were")
            parts.append(part)
        return np.concatenate(parts)

    @cached_property
    def extents(self) -> Int[np.ndarray, "n 2"]:
        """Height and width of every image of a JPEG store."""
        parts = []
        for shard in self.store.shards:
            path = self.folder / shard.name / EXTENTS
            part = read_array(path, AGAIN)
            if part.shape != (shard.images, 2) or part.dtype != np.int32 or part.min() < 1:
                raise _damaged(path, f"hold {shard.images} heights and widths")
            if part.astype(np.int64).prod(1).max() > MOST_PIXELS:
                raise _damaged(path, f"hold no image of more than {MOST_PIXELS} pixels")
            parts.append(part)
        return np.concatenate(parts)


@dataclass(frozen=True)
class StoredImages(Images):
    """Some images of a store."""

    opened: Opened
    rows: Int[np.ndarray, " p"]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> UInt8[np.ndarray, "h w 3"]:
        shard, row = self._place(index)
        if self.shape is not None:
            return np.array(self.opened.maps[shard][row])
        height, width = self.opened.extents[self.rows[index]]
        pixels = np.empty((height, width, 3), np.uint8)
        self.decode_into(pixels, index)
        return pixels

    def decode_into(self, pixels: UInt8[np.ndarray, "h w 3"], index: int) -> None:
        """An image of a JPEG store, decoded into an array of its height and width."""
        shard, row = self._place(index)
        start, stop = self.opened.offsets[shard][row : row + 2]
        try:
            simplejpeg().decode_jpeg(self.opened.maps[shard][start:stop], colorspace="RGB", buffer=pixels)
        except ValueError as error:
            raise DamagedArtifact(f"{self.reference(index)} cannot be decoded ({error}); pack it again.") from error

    def extents(self, indices: Int[np.ndarray, " b"]) -> Int[np.ndarray, "b 2"]:
        """Height and width of images of a JPEG store; nothing is decoded."""
        return self.opened.extents[self.rows[indices]]

    def reference(self, index: int) -> str:
        """The store's folder and the image's row in it."""
        return f"{self.opened.folder} image {self.rows[index]}"

    def subset(self, indices: Int[np.ndarray, " p"]) -> "StoredImages":
        """Some of the images; nothing is read."""
        return replace(self, rows=self.rows[indices])

    @property
    def shape(self) -> tuple[int, int] | None:
        """Height and width, where the store keeps pixels of one shape."""
        return self.opened.store.shape

    def gather(self, indices: Int[np.ndarray, " b"]) -> UInt8[np.ndarray, "b h w 3"]:
        """Several images of one shape, those of a shard copied at once."""
        if self.shape is None:
            return super().gather(indices)
        rows = self.rows[indices]
        shards = np.searchsorted(self.opened.starts, rows, side="right") - 1
        out = np.empty((len(rows), *self.opened.maps[0].shape[1:]), np.uint8)
        for shard in np.unique(shards):
            chosen = np.flatnonzero(shards == shard)
            out[chosen] = self.opened.maps[shard][rows[chosen] - self.opened.starts[shard]]
        return out

    @property
    def fingerprint(self) -> str:
        """SHA-256 over what was packed, how it is stored, and which rows these are; nothing is read."""
        digest = hashlib.sha256((self.opened.store.source + self.opened.store.form.model_dump_json()).encode())
        digest.update(self.rows.astype("<i8").tobytes())
        return digest.hexdigest()

    def _place(self, index: int) -> tuple[int, int]:
        shard = int(np.searchsorted(self.opened.starts, self.rows[index], side="right")) - 1
        return shard, int(self.rows[index] - self.opened.starts[shard])


def open_store(folder: Path) -> Opened:
    """The store in a folder; files are checked to be there in their sizes (`verify_store` checks every byte).

    Raises:
      UserError: there is no complete store.
      DamagedArtifact: a file is missing or has another size.
    """
    path = folder / CONTENT
    if not path.is_file():
        raise UserError(
            f"{folder} must hold a complete store ({CONTENT}), but does not; `distort bench pack` finishes it."
        )
    try:
        store = Store.model_validate_json(read_regular(path, MOST_BYTES))
    except (ValidationError, OSError) as error:
        raise DamagedArtifact(f"{path} must describe a store, but is damaged; pack it again.") from error
    if sum(shard.images for shard in store.shards) != store.images:
        raise DamagedArtifact(f"{path} must count the images of its shards, but does not; pack it again.")
    for shard in store.shards:
        for name, size in shard.sizes.items():
            file = folder / shard.name / name
            if not file.is_file() or file.stat().st_size != size:
                raise DamagedArtifact(f"{file} must hold {size} bytes, but is missing or cut short; pack it again.")
    if not (folder / LABELS).is_file() or digest_of(folder / LABELS) != store.labels_sha256:
        raise DamagedArtifact(f"{folder / LABELS} must be the labels that were packed, but differs; pack it again.")
    return Opened(folder, store)


def _damaged(path: Path, wanted: str) -> DamagedArtifact:
    return DamagedArtifact(f"{path} must {wanted}, but does not; {AGAIN}.")


def verify_store(folder: Path) -> Store:
    """Every byte against its recorded SHA-256.

    Raises:
      DamagedArtifact: a file differs.
    """
    opened = open_store(folder)
    for shard in opened.store.shards:
        if published(folder / shard.name).files != shard.sha256:
            raise DamagedArtifact(
                f"{folder / shard.name} must be the shard that {CONTENT} names, but differs; pack it again."
            )
    return opened.store


def simplejpeg() -> ModuleType:
    """The JPEG decoder of the extra [data]."""
    try:
        import simplejpeg as module
    except ImportError as error:
        raise UserError(
            "JPEG stores must be read with simplejpeg, which is not installed; pip install 'feature-distortion[data]'."
        ) from error
    return module
