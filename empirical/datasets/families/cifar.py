"""CIFAR-10 (both published versions) and CIFAR-10.1; with STL-10 as the other OOD set.

CIFAR-10 has no validation images: in the paper's protocol its test set selects and is reported.
"""

from functools import partial
from typing import TYPE_CHECKING

from empirical.augment.transforms import SWAV, Pipelines, Transform
from empirical.datasets.families import stl
from empirical.datasets.family import Column, Content, Family, Part
from empirical.datasets.locations import Locations
from empirical.datasets.sizes import SetSize
from empirical.datasets.sources import GB, Fetched, Source

if TYPE_CHECKING:
    from empirical.datasets.image_sets import ImageSet

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
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


def _cifar10(batches: tuple[str, ...], name: str, locations: Locations) -> "ImageSet":
    from empirical.datasets.layouts.cifar import cifar10

    return cifar10(batches, name, locations)


def _cifar10_1(locations: Locations) -> "ImageSet":
    from empirical.datasets.layouts.cifar import cifar10_1

    return cifar10_1(locations)


def _stl10(locations: Locations) -> "ImageSet":
    from empirical.datasets.layouts.stl import index

    return index(locations)


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
        name=name, source=CIFAR10_SOURCE, size=size, classes=10, index=partial(_cifar10, batches, name), content=content
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
            index=_stl10,
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
