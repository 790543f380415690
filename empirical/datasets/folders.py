"""A user's own data: folders with a subfolder a class, or files that give each image its label."""

import csv
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np
from jaxtyping import Shaped, UInt8
from PIL import Image
from pydantic import BaseModel, Field, model_validator

from artifacts import UserError
from artifacts.frozen import Frozen
from artifacts.reading import read_text
from empirical.datasets.family import Family, Part
from empirical.datasets.image_sets import ImageFiles, ImageSet
from empirical.datasets.locations import Locations
from empirical.datasets.naming import Name, Title, check_ood_names
from empirical.datasets.pixels import EXTENSIONS
from empirical.datasets.protocols import held_out
from empirical.datasets.sizes import SetSize
from empirical.datasets.trees import image_names, subfolders

# More than the official loaders take: a picture must not be left out of a user's set because of its name.
OWN_EXTENSIONS = (*EXTENSIONS, ".gif", ".jfif", ".tiff", ".webp")
UNREAD = (".avif", ".heic", ".heif", ".jp2", ".jxl", ".svg")


class Tree(Frozen):
    """Images in a folder.

    `labels` names a file with one `path label` a line, or, ending in .csv or .tsv, a table with the columns `path` and
    `label`; without it the subfolders are the classes. `frames = "first"` takes the first picture of an animation or of
    a file of several pages, which is an error otherwise. A name alone is that of the folder.
    """

    folder: Path
    labels: Path | None = None
    frames: Literal["single", "first"] = "single"

    @model_validator(mode="before")
    @classmethod
    def _folder_alone(cls, content: Any) -> Any:
        return {"folder": content} if isinstance(content, str) else content


class OwnDataset(Frozen):
    """An ID task with OOD sets. Without a test set of its own, a share of the training images is set aside for it."""

    title: Title = ""
    training: Tree
    validation: Tree | None = None
    test: Tree | None = None
    test_share: float = Field(default=0.2, gt=0, lt=1)
    seed: int = 0
    ood: Mapping[Name, Tree] = Field(min_length=1)


class _Listing(BaseModel):
    """Paths below a folder, and the class that each shows."""

    folder: Path
    paths: tuple[str, ...]
    classes: tuple[str, ...]


def own_family(name: str, content: OwnDataset, base: Path) -> Family:
    """The user's data as a family like the ten; the classes are those of the training images.

    Args:
      base: what relative paths are relative to.
    """
    check_ood_names(tuple(content.ood))
    training = _placed(content.training, base)

    def part(part_name: str, tree: Tree) -> Part:
        return _part(part_name, partial(_labelled, part_name, _placed(tree, base), training))

    def share(part_name: str, kept: bool) -> Part:
        return _part(part_name, partial(_share, part_name, training, content.test_share, content.seed, kept))

    return Family(
        name=name,
        title=content.title or name,
        classes=lambda locations: _classes(training),
        training=part("id_training", content.training) if content.test else share("id_training", kept=True),
        validation=part("id_validation", content.validation) if content.validation else None,
        reported=part("id_test", content.test) if content.test else share("id_test", kept=False),
        ood=tuple(part(name, tree) for name, tree in content.ood.items()),
    )


def write_class_folders(
    images: UInt8[np.ndarray, "n h w"] | UInt8[np.ndarray, "n h w 3"], labels: Shaped[np.ndarray, " n"], folder: Path
) -> None:
    """Pixels of an array as PNG files, in class subfolders named by the labels."""
    for index, (pixels, label) in enumerate(zip(images, labels, strict=True)):
        path = folder / str(label)
        path.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path / f"{index:07d}.png")


def _part(name: str, index: partial[ImageSet]) -> Part:
    def indexed(locations: Locations) -> ImageSet:
        return index()

    return Part(name=name, source=None, size=SetSize(), classes=0, index=indexed)


def _placed(tree: Tree, base: Path) -> Tree:
    labels = None if tree.labels is None else base / tree.labels
    return tree.model_copy(update={"folder": base / tree.folder, "labels": labels})


def _classes(training: Tree) -> tuple[str, ...]:
    """Sorted names; numbers in numerical order, so that 10 comes after 9."""
    names = set(subfolders(training.folder)) if training.labels is None else set(_listing(training).classes)
    if len(names) < 2:
        raise UserError(
            f"{training.folder} must hold at least 2 classes, got {len(names)}; give each class a subfolder."
        )
    return tuple(sorted(names, key=int if all(name.isdecimal() for name in names) else None))


def _labelled(name: str, tree: Tree, training: Tree) -> ImageSet:
    classes = _classes(training)
    listing = _listing(tree)
    unknown = sorted(set(listing.classes) - set(classes))
    shifted = _shifted(classes, listing.classes)
    if unknown and shifted:
        raise UserError(
            f"{tree.labels or tree.folder} must number its classes as {training.folder} does, but {shifted}; rename "
            "its folders or labels, since nothing says which number means what."
        )
    if unknown:
        raise UserError(
            f"{tree.labels or tree.folder} must hold only the training classes ({len(classes)} of them), "
            f"got {unknown[0]!r}; remove or rename it, or add it to {training.folder}."
        )
    label_of = {name: label for label, name in enumerate(classes)}
    labels = np.array([label_of[name] for name in listing.classes], np.int32)
    images = ImageFiles(listing.folder, listing.paths, first_frame=tree.frames == "first")
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


def _share(name: str, training: Tree, share: float, seed: int, kept: bool) -> ImageSet:
    whole = _labelled(name, training, training)
    test = held_out(whole.labels, share, seed=seed)
    if not len(test):
        raise UserError(
            f"{training.folder} must have enough images to set {share:.0%} aside, got {len(whole)}; name a test set."
        )
    return whole.subset(np.setdiff1d(np.arange(len(whole)), test) if kept else test, name=name)


def _listing(tree: Tree) -> _Listing:
    if tree.labels is None:
        listed = [
            (f"{subfolder}/{image}", subfolder)
            for subfolder in subfolders(tree.folder)
            for image in _pictures(tree.folder / subfolder)
        ]
        if not listed:
            raise UserError(f"{tree.folder} must hold class subfolders with images, but holds none; check the layout.")
    else:
        listed = _label_file(tree.labels)
        for path, _ in listed:
            if not os.path.isfile(tree.folder / path):  # `Path.is_file` raises where a name is too long
                raise UserError(
                    f"{tree.folder / path} is named by {tree.labels} but missing; restore it or drop its line."
                )
    paths, classes = zip(*listed, strict=True)
    return _Listing(folder=tree.folder, paths=paths, classes=classes)


def _pictures(folder: Path) -> tuple[str, ...]:
    names = image_names(folder, OWN_EXTENSIONS + UNREAD)
    for name in names:
        if name.lower().endswith(UNREAD):
            raise UserError(f"{folder / name} is of a kind that is not read; convert it to PNG or JPEG, or remove it.")
    return names


def _label_file(file: Path) -> list[tuple[str, str]]:
    try:
        text = read_text(file)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file} must be a text file with `path label` a line, but {error}.") from error
    lines = text.splitlines()
    pairs = _table(file, lines) if file.suffix.lower() in (".csv", ".tsv") else [_pair(line) for line in lines]
    # Spreadsheets end a table with empty lines; Windows writes paths with backslashes.
    pairs = [(path.replace("\\", "/"), label) for path, label in pairs if path or label]
    for number, (path, label) in enumerate(pairs, 1):
        inside = PurePosixPath(path)
        if not path or not label or inside.is_absolute() or ".." in inside.parts or ":" in inside.parts[0]:
            raise UserError(
                f"{file} entry {number} must be a path below the folder and a label, got {path[:200]!r} and "
                f"{label[:200]!r}; correct the line."
            )
    if not pairs:
        raise UserError(f"{file} must name images, but names none; write `path label` a line.")
    repeated = next((path for path, count in Counter(path for path, _ in pairs).items() if count > 1), None)
    if repeated is not None:
        raise UserError(f"{file} must name every image once, got {repeated} several times; drop the lines too many.")
    return pairs


def _pair(line: str) -> tuple[str, str]:
    """Path and label of a line, between them the first of tab, semicolon, space and comma that the line holds."""
    mark = next((mark for mark in ("\t", ";", " ", ",") if mark in line.strip()), " ")
    path, _, label = line.strip().rpartition(mark)
    return path.strip(), label.strip()


def _table(file: Path, lines: Sequence[str]) -> list[tuple[str, str]]:
    """The columns `path` and `label` of a table, whatever their case and whatever stands between columns."""
    if not lines:
        return []
    mark = max("\t;,", key=lines[0].count)
    try:
        rows = list(csv.reader(lines, delimiter=mark, strict=True))
    except csv.Error as error:
        raise UserError(f"{file} must be a table with the columns `path` and `label`, but {error}.") from error
    header = [name.strip().lower() for name in rows[0]]
    if "path" not in header or "label" not in header:
        raise UserError(
            f"{file} must have the columns `path` and `label` in its first line, got {', '.join(rows[0])[:200]!r}; "
            "rename the columns, or add the line."
        )
    columns = header.index("path"), header.index("label")
    ragged = next((number for number, row in enumerate(rows, 1) if row and len(row) <= max(columns)), None)
    if ragged is not None:
        raise UserError(f"{file} line {ragged} must have {len(header)} columns, got {len(rows[ragged - 1])}.")
    return [(row[columns[0]].strip(), row[columns[1]].strip()) for row in rows[1:] if row]
