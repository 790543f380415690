"""DomainNet, the 40 classes of SENTRY: training on sketches, OOD on photographs, paintings and clip art.

The split files end their lines with CR LF and name the images; whatever else lies in the folders does not count.
"""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from empirical.augment.transforms import Pipelines, Transform
from empirical.datasets.family import Column, Family, Part
from empirical.datasets.locations import Locations
from empirical.datasets.sizes import SetSize
from empirical.datasets.sources import GB, Fetched, Source
from empirical.datasets.tables import class_names

if TYPE_CHECKING:
    from empirical.datasets.image_sets import ImageSet

SPLITS = "SENTRY_splits"
CLASSES = class_names("domainnet")
DOMAINS = ("clipart", "painting", "real", "sketch")
_VISDA = "http://csr.bu.edu/ftp/visda/2019/multi-source"
_SENTRY = "https://raw.githubusercontent.com/virajprabhu/SENTRY/main/data/DomainNet/txt"
_LISTS = {
    "clipart_test_mini.txt": "c3245f4f14de510c9c39aefa4ebbbaa9",
    "clipart_train_mini.txt": "a2df2ec4cb60e40837a156d1f9902617",
    "painting_test_mini.txt": "3c50c9658ea2bd4ddf2d118fc6461736",
    "painting_train_mini.txt": "4f22b8a7ba44612fbaf5863a7c45c5ef",
    "real_test_mini.txt": "cd789bc3ae7c094042138cf22e0152b7",
    "real_train_mini.txt": "a9d1da6c58eb4afb611842aca19b3835",
    "sketch_test_mini.txt": "a6301828625dc10d2638799d7b827fc8",
    "sketch_train_mini.txt": "773db4714b329085abdaeebade8781e7",
}  # fmt: skip
SOURCE = Source(
    name="domainnet", title="DomainNet (clipart, painting, real, sketch)", bytes_on_disk=int(13.7 * GB),
    folders=("domainnet",),
    licence="none found",
    fetched=(
        *(Fetched(url=f"{_SENTRY}/{name}", name=name, into="domainnet/SENTRY_splits", md5=md5)
          for name, md5 in _LISTS.items()),
        *(Fetched(url=f"{_VISDA}/{path}", name=path.split("/")[-1], into="domainnet")
          for path in ("groundtruth/clipart.zip", "groundtruth/painting.zip", "real.zip", "sketch.zip")),
    ),
    md5={f"SENTRY_splits/{name}": md5 for name, md5 in _LISTS.items()},
)  # fmt: skip


def split_file(folder: Path, domain: str, split: str) -> Path:
    """The list of a domain's training or test images, in the 40-class version."""
    return folder / SPLITS / f"{domain}_{split}_mini.txt"


def _index(name: str, domain: str, split: str, locations: Locations) -> "ImageSet":
    from empirical.datasets.layouts.domainnet import index

    return index(name, domain, split, locations)


def _part(name: str, domain: str, split: str, total: int) -> Part:
    return Part(
        name=name, source=SOURCE, size=SetSize(total=total, per_class=(1, total)), classes=len(CLASSES),
        index=partial(_index, name, domain, split),
    )  # fmt: skip


DOMAINNET = Family(
    name="domainnet",
    title="DomainNet, sketch to real, painting, clipart",
    classes=lambda locations: CLASSES,
    training=_part("id_training", "sketch", "train", 5_537),
    reported=_part("id_test", "sketch", "test", 2_399),
    ood=(
        _part("real", "real", "test", 6_943),
        _part("painting", "painting", "test", 2_909),
        _part("clipart", "clipart", "test", 1_616),
    ),
    columns=(Column("domainnet", "DomainNet", "domainnet", ("real", "painting", "clipart")),),
    pipelines={
        "domainnet": Pipelines(
            training=Transform(crop="resize_random_crop", resized=256, kernel="bicubic", flip=True),
            evaluation=Transform(crop="resize", kernel="bicubic"),
        )
    },
    order=30,
)
FAMILIES = (DOMAINNET,)
