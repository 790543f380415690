"""ImageNet-1k, and its four OOD sets: V2, Rendition, A, Sketch.

A class index is the position of the class's wnid (`n` and eight digits) among the sorted folder names of ImageNet
itself.
"""

from functools import partial
from typing import TYPE_CHECKING

from empirical.augment.transforms import Pipelines, Transform
from empirical.datasets.family import Column, Family, Part
from empirical.datasets.locations import Locations
from empirical.datasets.sizes import SetSize
from empirical.datasets.sources import GB, Fetched, Source
from empirical.datasets.tables import table

if TYPE_CHECKING:
    from empirical.datasets.image_sets import ImageSet

CLASSES = 1000
_BERKELEY = "https://people.eecs.berkeley.edu/~hendrycks"
IMAGENET_SOURCE = Source(
    name="imagenet", title="ImageNet (ILSVRC 2012)", bytes_on_disk=155 * GB,
    folders=("imagenet",),
    licence="non-commercial research, on registration",
    steps=(
        "Register at image-net.org and accept the terms.",
        "Fetch ILSVRC2012_img_train.tar (md5 1d675b47d978889d74fa0da5fadfb00e), ILSVRC2012_img_val.tar "
        "(md5 29b22e2961454d5413ddabcf34fc5622) and ILSVRC2012_devkit_t12.tar.gz "
        "(md5 fa75699e90414af021442c21a62c3abf).",
        "Put them into one folder DIR; `distort bench download imagenet --from DIR` checks them, unpacks the 1,000 "
        "archives of the training archive and sorts the validation images. LOC_val_solution.csv (Kaggle) may take "
        "the development kit's place.",
    ),
)  # fmt: skip
V2_SOURCE = Source(
    name="imagenet_v2", title="ImageNetV2, matched frequency", bytes_on_disk=int(1.3 * GB),
    folders=("imagenetv2-matched-frequency-format-val", "imagenet/imagenetv2-matched-frequency-format-val"),
    licence="MIT (repository)",
    fetched=(Fetched(
        url="https://huggingface.co/datasets/vaishaal/ImageNetV2/resolve/main/imagenetv2-matched-frequency.tar.gz",
        name="imagenetv2-matched-frequency.tar.gz", size=1_264_079_360,
        sha256="f0c37fdf925916b19ea1323cd9a2208cdb6959ba2c32eef2a7fc393835c9ca7c",
    ),),
)  # fmt: skip
R_SOURCE = Source(
    name="imagenet_r", title="ImageNet-R", bytes_on_disk=int(2.2 * GB), licence="MIT (repository)",
    folders=("imagenet-r", "imagenet/imagenet-r"),
    fetched=(Fetched(
        url=f"{_BERKELEY}/imagenet-r.tar", name="imagenet-r.tar", size=2_191_079_936,
        sha256="18c6bf493b39a0d975d48e587437f562caab9c52ae6327dcfa9dd8eb54aa1b52",
        md5="a61312130a589d0ca1a8fca1f2bd3337",
    ),),
)  # fmt: skip
A_SOURCE = Source(
    name="imagenet_a", title="ImageNet-A", bytes_on_disk=int(0.7 * GB), licence="MIT (repository)",
    folders=("imagenet-a", "imagenet/imagenet-a"),
    fetched=(Fetched(
        url=f"{_BERKELEY}/imagenet-a.tar", name="imagenet-a.tar", size=687_552_512,
        sha256="3bb3632277e6ba6392ea64c02ddbf4dd2266c9caffd6bc09c9656d28f012589e",
        md5="c3e55429088dc681f30d81f4726b6595",
    ),),
)  # fmt: skip
SKETCH_SOURCE = Source(
    name="imagenet_sketch", title="ImageNet-Sketch", bytes_on_disk=int(7.7 * GB), licence="MIT (repository)",
    folders=("sketch", "imagenet/sketch"),
    fetched=(Fetched(
        url="https://huggingface.co/datasets/imagenet_sketch/resolve/main/data/ImageNet-Sketch.zip",
        name="ImageNet-Sketch.zip", size=7_593_573_012,
        sha256="4d3ce6b82a7c48aabf14aeac105eb533e75707f152cc858f55bfc022031a72ed",
    ),),
)  # fmt: skip


def subset_indices(name: str) -> tuple[int, ...]:
    """The 200 class indices of `imagenet_r` or `imagenet_a`, ascending (docs/protocol.md 2.5)."""
    return tuple(table("imagenet_subsets")[name])


def _classes(locations: Locations) -> tuple[str, ...]:
    from empirical.datasets.layouts.imagenet import wnids

    return wnids(locations.folder(IMAGENET_SOURCE))


def _whole(folder: str, locations: Locations) -> "ImageSet":
    from empirical.datasets.layouts.imagenet import whole

    return whole(folder, locations)


def _v2(locations: Locations) -> "ImageSet":
    from empirical.datasets.layouts.imagenet import v2

    return v2(locations)


def _subset(source: Source, locations: Locations) -> "ImageSet":
    from empirical.datasets.layouts.imagenet import subset

    return subset(source, subset_indices(source.name), locations)


def _sketch(locations: Locations) -> "ImageSet":
    from empirical.datasets.layouts.imagenet import by_wnid

    return by_wnid(SKETCH_SOURCE, locations, tuple(range(CLASSES)))


_CENTRE = Transform(crop="resize_centre_crop", resized=224, kernel="bicubic")
IMAGENET = Family(
    name="imagenet",
    title="ImageNet to V2, R, A and Sketch",
    classes=_classes,
    training=Part(
        name="id_training", source=IMAGENET_SOURCE, classes=CLASSES, index=partial(_whole, "train"),
        size=SetSize(total=1_281_167),
    ),
    reported=Part(
        name="id_test", source=IMAGENET_SOURCE, classes=CLASSES, index=partial(_whole, "val"),
        size=SetSize(total=50_000, per_class=(50, 50)),
    ),
    ood=(
        Part(
            name="imagenet_v2", source=V2_SOURCE, classes=CLASSES, index=_v2,
            size=SetSize(total=10_000, per_class=(10, 10)),
        ),
        Part(
            name="imagenet_r", source=R_SOURCE, classes=200, index=partial(_subset, R_SOURCE),
            size=SetSize(total=30_000),
        ),
        Part(
            name="imagenet_a", source=A_SOURCE, classes=200, index=partial(_subset, A_SOURCE),
            size=SetSize(total=7_500),
        ),
        Part(
            name="imagenet_sketch", source=SKETCH_SOURCE, classes=CLASSES, size=SetSize(total=50_889),
            index=_sketch,
        ),
    ),
    columns=(
        Column("imagenet_v2", "ImageNetV2", "imagenet", ("imagenet_v2",)),
        Column("imagenet_r", "ImageNet-R", "imagenet", ("imagenet_r",)),
        Column("imagenet_a", "ImageNet-A", "imagenet", ("imagenet_a",)),
        Column("imagenet_sketch", "ImageNet-Sketch", "imagenet", ("imagenet_sketch",)),
    ),
    # `imagenet_augmented` is the paper's second configuration; which of the two made its table is not known.
    pipelines={
        "imagenet": Pipelines(training=_CENTRE, evaluation=_CENTRE),
        "imagenet_augmented": Pipelines(
            training=Transform(crop="random_resized_crop", flip=True),
            evaluation=Transform(crop="resize_centre_crop", resized=256, kernel="bicubic"),
        ),
    },
    order=60,
)  # fmt: skip
FAMILIES = (IMAGENET,)
