"""CIFAR-10 (both published versions) and CIFAR-10.1; with STL-10 as the other OOD set.

CIFAR-10 has no validation images: in the paper's protocol its test set selects and is reported.
"""

from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8

from artifacts import UserError
from artifacts.arrays import read_array
from artifacts.reading import read_regular
from empirical.augment.transforms import SWAV, Pipelines, Transform
from empirical.datasets.families import stl
from empirical.datasets.family import Column, Content, Family, Part
from empirical.datasets.image_sets import ImageRows, ImageSet
from empirical.datasets.locations import Locations
from empirical.datasets.sizes import SetSize
from empirical.datasets.sources import GB, Fetched, Source
from empirical.formats.pickled_arrays import read_arrays

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SIDE = 32
RECORD = 1 + 3 * SIDE * SIDE
MOST_BYTES = 64 << 20  # of one batch; the published ones have 31 MB
TRAINING = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST = ("test_batch",)
_CIFAR10_1 = "https://github.com/modestyachts/CIFAR-10.1/raw/master/datasets"
_CIFAR10_1_FILES = {
    "cifar10.1_v6_data.npy": "2997188e5816f5bd545dc77771b6227828c28146049fcecf3fa10775474cacc6",
    "cifar10.1_v6_labels.npy": "ae40beda001693674edc94d925ee8268cfe68905f8f9aff800c8dcdfcd6c9448",
}
CIFAR10_SOURCE = Source(
    name="cifar10", title="CIFAR-10", bytes_on_disk=int(0.19 * GB), licence="not stated",
    # The binary version comes first: it holds no pickle.
    folders=("cifar-10-batches-bin", "cifar-10-batches-py"),
    fetched=(Fetched(
        url="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", name="cifar-10-binary.tar.gz",
        size=170_052_171, sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    ),),
    md5={
        "data_batch_1": "c99cafc152244af753f735de768cd75f", "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "54ebc095f3ab1f0389bbae665268c751", "data_batch_4": "634d18415352ddfa80567beed471001a",
        "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb", "test_batch": "40351d587109b95175f43aff81a1287e",
    },
)  # fmt: skip
CIFAR10_1_SOURCE = Source(
    name="cifar10_1", title="CIFAR-10.1 v6", bytes_on_disk=6_152_256, licence="MIT (repository); from TinyImages",
    folders=("CIFAR-10.1/datasets", "cifar10.1"),
    fetched=tuple(
        Fetched(url=f"{_CIFAR10_1}/{name}", name=name, into="CIFAR-10.1/datasets", sha256=sha256, size=size)
        for (name, sha256), size in zip(_CIFAR10_1_FILES.items(), (6_144_128, 8_128), strict=True)
    ),
    sha256=_CIFAR10_1_FILES,
)  # fmt: skip


def _cifar(batches: tuple[str, ...], name: str, locations: Locations) -> ImageSet:
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


def _cifar10_1(locations: Locations) -> ImageSet:
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


#: As many programs print them. The two published forms have one pixel for one, so both must agree with them.
TRAINING_CONTENT = Content(
    (125.306918046875, 122.950394140625, 113.86538318359375), (62.993219278136884, 62.08870764001421, 66.70489964063091)
)
TEST_CONTENT = Content(
    (126.02464140625, 123.70850419921875, 114.85431865234375), (62.89639134921991, 61.93752718231365, 66.70605639561605)
)


def _part(name: str, batches: tuple[str, ...], total: int, content: Content) -> Part:
    size = SetSize(total=total, per_class=(total // 10, total // 10))
    return Part(
        name=name, source=CIFAR10_SOURCE, size=size, classes=10, index=partial(_cifar, batches, name), content=content
    )


_AS_IT_IS = Transform(crop="resize", deviation=SWAV)
CIFAR10 = Family(
    name="cifar10",
    title="CIFAR-10 to STL-10 and CIFAR-10.1",
    classes=lambda locations: CLASSES,
    training=_part("id_training", TRAINING, 50_000, TRAINING_CONTENT),
    reported=_part("id_test", TEST, 10_000, TEST_CONTENT),
    ood=(
        Part(
            name="stl10", source=stl.SOURCE, size=SetSize(total=7_200, per_class=(800, 800)), classes=9,
            index=stl.index,
        ),
        Part(
            name="cifar10_1", source=CIFAR10_1_SOURCE, size=SetSize(total=2_000, per_class=(200, 200)), classes=10,
            index=_cifar10_1,
        ),
    ),
    columns=(
        Column("stl10", "CIFAR-10 to STL-10", "cifar10", ("stl10",)),
        Column("cifar10_1", "CIFAR-10 to CIFAR-10.1", "cifar10", ("cifar10_1",)),
    ),
    pipelines={"cifar10": Pipelines(training=_AS_IT_IS, evaluation=_AS_IT_IS)},
    order=40,
)  # fmt: skip
FAMILIES = (CIFAR10,)
