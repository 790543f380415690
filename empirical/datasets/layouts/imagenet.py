"""ImageNet's folders, named by wnid, and those of its OOD sets.

The four test sets are read against the sorted names of ImageNet's own folders, so a class index is never assumed.
"""

from pathlib import Path

from artifacts import UserError
from empirical.datasets.families.imagenet import CLASSES, IMAGENET_SOURCE, SKETCH_SOURCE, V2_SOURCE
from empirical.datasets.image_sets import ImageSet
from empirical.datasets.listings import subfolders
from empirical.datasets.locations import Locations
from empirical.datasets.sources import Source
from empirical.datasets.trees import labelled_tree

WNID = r"n\d{8}"


def wnids(imagenet: Path) -> tuple[str, ...]:
    """The 1,000 class names of an ImageNet folder, in label order.

    Folders that are no wnid are left out: a stray one must not shift the labels.

    Raises:
      UserError: `train` does not hold exactly 1,000 wnid folders.
    """
    classes = subfolders(imagenet / "train", WNID)
    numbers = subfolders(imagenet / "train", r"\d{1,4}")
    if len(classes) != CLASSES and numbers:
        raise UserError(
            f"{imagenet / 'train'} must hold folders named by wnid (n01440764), got {len(numbers)} numbered ones from "
            f"{min(numbers, key=int)} to {max(numbers, key=int)}: several numberings are in use, so a number "
            "does not say which class it is; `distort bench download imagenet --from DIR` unpacks the archives."
        )
    if len(classes) != CLASSES:
        raise UserError(
            f"{imagenet / 'train'} must hold exactly {CLASSES} folders named by wnid (n01440764), got {len(classes)}; "
            "`distort bench download imagenet --from DIR` unpacks the archives in DIR."
        )
    return classes


def split(name: str, imagenet: Path, folder: str, labels: dict[int, int]) -> ImageSet:
    """Images of some classes of ImageNet's `train` or `val`, relabelled, class after class in index order.

    Args:
      labels: from class index to label.
    """
    names = wnids(imagenet)
    if folder == "val":
        _check_validation(imagenet / "val", names)
    return labelled_tree(name, imagenet / folder, [(names[index], labels[index]) for index in sorted(labels)])


def _check_validation(folder: Path, names: tuple[str, ...]) -> None:
    classes = subfolders(folder, WNID)
    if not classes and any(folder.glob("ILSVRC2012_val_*")):
        raise UserError(
            f"{folder} must hold one folder a class, got the flat images; remove them, and "
            "`distort bench download imagenet --from DIR` unpacks and sorts ILSVRC2012_img_val.tar in DIR."
        )
    _must_equal(folder, classes, names)


def _must_equal(folder: Path, classes: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    missing, extra = sorted(set(wanted) - set(classes)), sorted(set(classes) - set(wanted))
    if missing or extra:
        example = f"{missing[0]} is missing" if missing else f"{extra[0]} is too many"
        raise UserError(
            f"{folder} must hold {len(wanted)} class folders, got {len(classes)} ({example}); unpack it again."
        )


def whole(folder: str, locations: Locations) -> ImageSet:
    """All classes of `train` or `val`."""
    return split(folder, locations.folder(IMAGENET_SOURCE), folder, {index: index for index in range(CLASSES)})


def v2(locations: Locations) -> ImageSet:
    """Numeric folders: the label is the number. Sorting them as strings (0, 1, 10, 100, ...) gives 0.9 % accuracy."""
    folder = locations.folder(V2_SOURCE)
    numbers = subfolders(folder, r"\d+")
    if numbers and set(numbers) == set(map(str, range(1, CLASSES + 1))):
        raise UserError(
            f"{folder} must number its class folders from 0 to {CLASSES - 1}, as published, got 1 to {CLASSES}: "
            "these were renamed, and every label would be off by one; unpack the archive again."
        )
    if numbers:
        _must_equal(folder, numbers, tuple(map(str, range(CLASSES))))
        return labelled_tree("imagenet_v2", folder, [(str(label), label) for label in range(CLASSES)])
    return by_wnid(V2_SOURCE, locations, tuple(range(CLASSES)))


def by_wnid(source: Source, locations: Locations, indices: tuple[int, ...]) -> ImageSet:
    """The images of an OOD set whose folders are named as ImageNet's.

    Args:
      indices: of the classes that it has, ascending.
    """
    folder = locations.folder(source)
    names = wnids(locations.folder(IMAGENET_SOURCE))
    wanted = tuple(names[index] for index in indices)
    if source == SKETCH_SOURCE and not subfolders(folder, WNID) and (folder / "sketch").is_dir():
        raise UserError(
            f"{folder} must hold wnid folders, but they lie in {folder / 'sketch'}; move them up or name that."
        )
    _must_equal(folder, subfolders(folder, WNID), wanted)
    return labelled_tree(source.name, folder, list(zip(wanted, indices, strict=True)))


def subset(source: Source, indices: tuple[int, ...], locations: Locations) -> ImageSet:
    """The same, where predictions are restricted to the classes that it has."""
    images = by_wnid(source, locations, indices)
    return ImageSet(name=source.name, images=images.images, labels=images.labels, valid_labels=indices)
