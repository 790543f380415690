"""CIFAR-10 in both of its published versions, and CIFAR-10.1."""

from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8

from artifacts import UserError
from artifacts.arrays import read_array
from artifacts.reading import read_regular
from empirical.datasets.families.cifar import CIFAR10_1_SOURCE, CIFAR10_SOURCE, CLASSES
from empirical.datasets.image_sets import ImageRows, ImageSet
from empirical.datasets.locations import Locations
from empirical.formats.pickled_arrays import read_arrays

SIDE = 32
RECORD = 1 + 3 * SIDE * SIDE
MOST_BYTES = 64 << 20  # of one batch; the published ones have 31 MB


def cifar10(batches: tuple[str, ...], name: str, locations: Locations) -> ImageSet:
    """The images of some batches, from the binary version where it is there, else from that of Python."""
    folder = locations.folder(CIFAR10_SOURCE)
    read = _binary if (folder / f"{batches[0]}.bin").exists() else _python
    parts = [read(folder, batch) for batch in batches]
    planes = np.concatenate([planes for planes, _ in parts])
    labels = np.concatenate([labels for _, labels in parts]).astype(np.int32)
    pixels = np.ascontiguousarray(planes.reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1))
    _check_labels(folder / batches[0], labels)
    images = ImageRows(str(folder / "+".join(batches)), pixels, np.arange(len(pixels)))
    return ImageSet(name=name, images=images, labels=labels)


def _binary(folder: Path, batch: str) -> tuple[UInt8[np.ndarray, "n 3072"], Int[np.ndarray, " n"]]:
    """Records of one label byte and three planes of 32 x 32."""
    path = folder / f"{batch}.bin"
    try:
        data = np.frombuffer(read_regular(path, MOST_BYTES), np.uint8)
    except OSError as error:
        raise UserError(f"{path} must be there, but {error.strerror}; unpack cifar-10-binary.tar.gz again.") from error
    if len(data) == 0 or len(data) % RECORD:
        raise UserError(f"{path} must hold whole records of {RECORD} bytes, got {len(data)} bytes; unpack it again.")
    records = data.reshape(-1, RECORD)
    return records[:, 1:], records[:, 0].astype(np.int64)


def _python(folder: Path, batch: str) -> tuple[UInt8[np.ndarray, "n 3072"], Int[np.ndarray, " n"]]:
    path = folder / batch
    if not path.exists():
        raise UserError(
            f"{folder} must hold {batch}.bin or {batch}, but holds neither; unpack the CIFAR-10 archive again."
        )
    batch_arrays = read_arrays(path)
    planes, labels = batch_arrays.get("data"), batch_arrays.get("labels")
    if not isinstance(planes, np.ndarray) or planes.dtype != np.uint8 or planes.shape[1:] != (RECORD - 1,):
        raise UserError(f"{path} must hold `data`, uint8 with 3,072 columns, but does not; unpack it again.")
    if (
        not isinstance(labels, list)
        or len(labels) != len(planes)
        or not all(isinstance(label, int) for label in labels)
    ):
        raise UserError(f"{path} must hold as many integer `labels` as images, but does not; unpack it again.")
    return planes, np.array(labels, np.int64)


def cifar10_1(locations: Locations) -> ImageSet:
    """Version v6; version v4 lies in the same folder and is left alone."""
    folder = locations.folder(CIFAR10_1_SOURCE)
    again = "`distort bench download cifar10_1`"
    images, labels = (read_array(folder / f"cifar10.1_v6_{what}.npy", again) for what in ("data", "labels"))
    if images.dtype != np.uint8 or images.shape[1:] != (SIDE, SIDE, 3) or labels.shape != images.shape[:1]:
        raise UserError(
            f"{folder} must hold uint8 images (n, 32, 32, 3) and n labels, got {images.shape}; fetch v6 again."
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise UserError(f"{folder}/cifar10.1_v6_labels.npy must hold integers, got {labels.dtype}; fetch v6 again.")
    _check_labels(folder, labels)
    rows = ImageRows(str(folder / "cifar10.1_v6_data.npy"), images, np.arange(len(images)))
    return ImageSet(name="cifar10_1", images=rows, labels=labels.astype(np.int32))


def _check_labels(path: Path, labels: Int[np.ndarray, " n"]) -> None:
    if len(labels) == 0 or labels.min() < 0 or labels.max() >= len(CLASSES):
        raise UserError(f"{path} must hold labels 0 to 9, but does not; unpack or fetch it again.")
