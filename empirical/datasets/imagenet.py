"""ImageNet-1k, and its four OOD sets: V2, Rendition, A, Sketch.

A class index is the position of the class's wnid (`n` and eight digits) among the sorted folder names of ImageNet
itself. The four test sets are read against those names, so an index is never assumed.
"""

from functools import partial
from pathlib import Path

from artifacts import UserError
from empirical.datasets.family import Column, Family, Part
from empirical.datasets.image_sets import ImageSet
from empirical.datasets.locations import Locations
from empirical.datasets.sizes import SetSize
from empirical.datasets.tables import table
from empirical.datasets.trees import labelled_tree, subfolders

CLASSES = 1000
WNID = r"n\d{8}"


def wnids(imagenet: Path) -> tuple[str, ...]:
    """The 1,000 class names of an ImageNet folder, in label order.

    Folders that are no wnid are left out: a stray one must not shift the labels.

    Raises:
      UserError: `train` does not hold exactly 1,000 wnid folders.
    """
    found = subfolders(imagenet / "train", WNID)
    numbers = subfolders(imagenet / "train", r"\d{1,4}")
    if len(found) != CLASSES and numbers:
        raise UserError(
            f"{imagenet / 'train'} must hold folders named by wnid (n01440764), got {len(numbers)} numbered ones from "
            f"{min(numbers, key=int)} to {max(numbers, key=int)}: several numberings are in use, so a number "
            "does not say which class it is; `distort bench download imagenet --from DIR` unpacks the archives."
        )
    if len(found) != CLASSES:
        raise UserError(
            f"{imagenet / 'train'} must hold exactly {CLASSES} folders named by wnid (n01440764), got {len(found)}; "
            "`distort bench download imagenet --from DIR` unpacks the archives in DIR."
        )
    return found


def split(name: str, imagenet: Path, folder: str, labels: dict[int, int]) -> ImageSet:
    """Images of some classes of ImageNet's `train` or `val`, relabelled, class after class in index order.

    Args:
      labels: from class index to label.
    """
    names = wnids(imagenet)
    if folder == "val":
        _check_validation(imagenet / "val", names)
    return labelled_tree(name, imagenet / folder, [(names[index], labels[index]) for index in sorted(labels)])


def subset_indices(name: str) -> tuple[int, ...]:
    """The 200 class indices of `imagenet_r` or `imagenet_a`, ascending (docs/protocol.md 2.5)."""
    return tuple(table("imagenet_subsets")[name])


def _check_validation(folder: Path, names: tuple[str, ...]) -> None:
    found = subfolders(folder, WNID)
    if not found and any(folder.glob("ILSVRC2012_val_*")):
        raise UserError(
            f"{folder} must hold one folder a class, got the flat images; remove them, and "
            "`distort bench download imagenet --from DIR` unpacks and sorts ILSVRC2012_img_val.tar in DIR."
        )
    _must_equal(folder, found, names)


def _must_equal(folder: Path, found: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    missing, extra = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    if missing or extra:
        example = f"{missing[0]} is missing" if missing else f"{extra[0]} is too many"
        raise UserError(
            f"{folder} must hold {len(wanted)} class folders, got {len(found)} ({example}); unpack it again."
        )


def _whole(folder: str, locations: Locations) -> ImageSet:
    return split(folder, locations.folder("imagenet"), folder, {index: index for index in range(CLASSES)})


def _v2(locations: Locations) -> ImageSet:
    """Numeric folders: the label is the number. Sorting them as strings (0, 1, 10, 100, ...) gives 0.9 % accuracy."""
    folder = locations.folder("imagenet_v2")
    numbers = subfolders(folder, r"\d+")
    if numbers and set(numbers) == set(map(str, range(1, CLASSES + 1))):
        raise UserError(
            f"{folder} must number its class folders from 0 to {CLASSES - 1}, as published, got 1 to {CLASSES}: "
            "these were renamed, and every label would be off by one; unpack the archive again."
        )
    if numbers:
        _must_equal(folder, numbers, tuple(map(str, range(CLASSES))))
        return labelled_tree("imagenet_v2", folder, [(str(label), label) for label in range(CLASSES)])
    return _by_wnid("imagenet_v2", locations, tuple(range(CLASSES)))


def _by_wnid(source: str, locations: Locations, indices: tuple[int, ...]) -> ImageSet:
    folder = locations.folder(source)
    names = wnids(locations.folder("imagenet"))
    wanted = tuple(names[index] for index in indices)
    if source == "imagenet_sketch" and not subfolders(folder, WNID) and (folder / "sketch").is_dir():
        raise UserError(
            f"{folder} must hold wnid folders, but they lie in {folder / 'sketch'}; move them up or name that."
        )
    _must_equal(folder, subfolders(folder, WNID), wanted)
    return labelled_tree(source, folder, list(zip(wanted, indices, strict=True)))


def _subset(source: str, locations: Locations) -> ImageSet:
    indices = subset_indices(source)
    images = _by_wnid(source, locations, indices)
    return ImageSet(name=source, images=images.images, labels=images.labels, valid_labels=indices)


IMAGENET = Family(
    name="imagenet",
    title="ImageNet to V2, R, A and Sketch",
    classes=lambda locations: wnids(locations.folder("imagenet")),
    training=Part(
        name="id_training", source="imagenet", classes=CLASSES, index=partial(_whole, "train"),
        size=SetSize(total=1_281_167),
    ),
    reported=Part(
        name="id_test", source="imagenet", classes=CLASSES, index=partial(_whole, "val"),
        size=SetSize(total=50_000, per_class=(50, 50)),
    ),
    ood=(
        Part(
            name="imagenet_v2", source="imagenet_v2", classes=CLASSES, index=_v2,
            size=SetSize(total=10_000, per_class=(10, 10)),
        ),
        Part(
            name="imagenet_r", source="imagenet_r", classes=200, index=partial(_subset, "imagenet_r"),
            size=SetSize(total=30_000),
        ),
        Part(
            name="imagenet_a", source="imagenet_a", classes=200, index=partial(_subset, "imagenet_a"),
            size=SetSize(total=7_500),
        ),
        Part(
            name="imagenet_sketch", source="imagenet_sketch", classes=CLASSES, size=SetSize(total=50_889),
            index=partial(_by_wnid, "imagenet_sketch", indices=tuple(range(CLASSES))),
        ),
    ),
    columns=(
        Column("imagenet_v2", "ImageNetV2", "imagenet", ("imagenet_v2",)),
        Column("imagenet_r", "ImageNet-R", "imagenet", ("imagenet_r",)),
        Column("imagenet_a", "ImageNet-A", "imagenet", ("imagenet_a",)),
        Column("imagenet_sketch", "ImageNet-Sketch", "imagenet", ("imagenet_sketch",)),
    ),
)  # fmt: skip
