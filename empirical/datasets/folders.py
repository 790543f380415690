"""Images in a user's folders with their labels, and folders written from arrays."""

import re
from pathlib import Path

import numpy as np
from jaxtyping import Shaped, UInt8
from PIL import Image

from artifacts import UserError
from empirical.datasets.image_sets import ImageFiles, ImageSet
from empirical.datasets.own import Tree
from empirical.datasets.own_listing import classes, listing
from empirical.datasets.splitting import held_out


def write_class_folders(
    images: UInt8[np.ndarray, "n h w"] | UInt8[np.ndarray, "n h w 3"], labels: Shaped[np.ndarray, " n"], folder: Path
) -> None:
    """Pixels of an array as PNG files, in class subfolders named by the labels."""
    for index, (pixels, label) in enumerate(zip(images, labels, strict=True)):
        path = folder / str(label)
        path.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path / f"{index:07d}.png")


def labelled(name: str, tree: Tree, training: Tree) -> ImageSet:
    """The images of a tree, labelled by the classes of the training images.

    Raises:
      UserError: a class is not among them, or an image that is named is not there.
    """
    names, listed = classes(training), listing(tree)
    unknown = sorted(set(listed.classes) - set(names))
    shifted = _shifted(names, listed.classes)
    if unknown and shifted:
        raise UserError(
            f"{tree.labels or tree.folder} must number its classes as {training.folder} does, but {shifted}; rename "
            "its folders or labels, since nothing says which number means what."
        )
    if unknown:
        raise UserError(
            f"{tree.labels or tree.folder} must hold only the training classes ({len(names)} of them), "
            f"got {unknown[0]!r}; remove or rename it, or add it to {training.folder}."
        )
    label_of = {name: label for label, name in enumerate(names)}
    labels = np.array([label_of[name] for name in listed.classes], np.int32)
    images = ImageFiles(listed.folder, listed.paths, first_frame=tree.frames == "first")
    return ImageSet(name=name, images=images, labels=labels)


def _shifted(training: tuple[str, ...], others: tuple[str, ...]) -> str:
    """How numbered classes differ where one side counts from 0 and the other from 1; empty where they do not."""
    if not all(re.fullmatch("[0-9]{1,9}", name) for name in (*training, *others)):
        return ""
    first, second = {int(name) for name in training}, {int(name) for name in others}
    if first == set(range(len(first))) and max(second) == len(first) and 0 not in second:
        return f"its numbers run from 1 to {max(second)}, those of the training images from 0 to {len(first) - 1}"
    if first == set(range(1, len(first) + 1)) and 0 in second:
        return f"its numbers begin with 0, those of the training images with 1 and end with {len(first)}"
    if {str(number) for number in second} <= {str(number) for number in first}:
        return "the same numbers are spelt otherwise (1 and 01)"
    return ""


def share_of(name: str, training: Tree, share: float, seed: int, kept: bool) -> ImageSet:
    """The training images without a share of each class, or, where they are not `kept`, that share."""
    whole = labelled(name, training, training)
    test = held_out(whole.labels, share, seed=seed)
    if not len(test):
        raise UserError(
            f"{training.folder} must have enough images to set {share:.0%} aside, got {len(whole)}; name a test set."
        )
    return whole.subset(np.setdiff1d(np.arange(len(whole)), test) if kept else test, name=name)
