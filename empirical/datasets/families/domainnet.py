"""DomainNet, the 40 classes of SENTRY: training on sketches, OOD on photographs, paintings and clip art.

The split files end their lines with CR LF and name the images; whatever else lies in the folders does not count.
"""

import re
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np

from artifacts import UserError
from artifacts.reading import read_text
from empirical.augment.transforms import Pipelines, Transform
from empirical.datasets.family import Column, Family, Part
from empirical.datasets.image_sets import ImageFiles, ImageSet
from empirical.datasets.locations import Locations
from empirical.datasets.sizes import SetSize
from empirical.datasets.sources import GB, Fetched, Source
from empirical.datasets.tables import class_names

SPLITS = "SENTRY_splits"
MOST_BYTES = 64 << 20
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


def _index(name: str, domain: str, split: str, locations: Locations) -> ImageSet:
    folder = locations.folder(SOURCE)
    file = split_file(folder, domain, split)
    try:
        lines = read_text(file, MOST_BYTES).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{file} must list {domain}'s images, but {error}; `distort bench download domainnet`."
        ) from error
    if not (folder / domain).is_dir():
        raise UserError(
            f"{folder / domain} must hold the images of {domain}, but is missing; unpack {domain}.zip there."
        )
    entries = [_entry(file, domain, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    paths = tuple(path for path, _ in entries)
    if len(set(paths)) < len(paths):
        repeated = next(path for path, count in Counter(paths).items() if count > 1)
        raise UserError(f"{file} must name every image once, got {repeated} several times; fetch the file again.")
    _check_files(folder, domain, paths, file)
    return ImageSet(
        name=name, images=ImageFiles(folder, paths), labels=np.array([label for _, label in entries], np.int32)
    )


def _entry(file: Path, domain: str, number: int, line: str) -> tuple[str, int]:
    """Path and label of one line; the class in the path and the label must agree, and the domain be the file's."""
    path, _, label = line.strip().rpartition(" ")
    parts = path.split("/")
    known = re.fullmatch(r"[0-9]{1,4}", label) and int(label) < len(CLASSES)
    if not known or len(parts) != 3 or parts[:2] != [domain, CLASSES[int(label)]] or parts[2] in ("", ".", ".."):
        raise UserError(
            f"{file} line {number} must be `{domain}/class/image label`, got {line.strip()[:200]!r}; "
            "fetch the file again."
        )
    return path, int(label)


def _check_files(folder: Path, domain: str, paths: tuple[str, ...], file: Path) -> None:
    """Every image that is listed is there; found out by listing folders, not by a call for each file."""
    there: dict[str, set[str]] = {}
    for path in paths:
        parent, _, name = path.rpartition("/")
        if parent not in there:
            parent_folder = folder / parent
            there[parent] = {entry.name for entry in parent_folder.iterdir()} if parent_folder.is_dir() else set()
        if name not in there[parent]:
            raise UserError(f"{folder / path} is named by {file.name} but missing; unpack {domain}.zip again.")


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
