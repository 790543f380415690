"""What lies in a user's folders, and the class of each image: by its subfolder, or by a file of labels."""

import csv
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from artifacts import UserError
from artifacts.reading import read_text
from empirical.datasets.listings import EXTENSIONS, image_names, subfolders
from empirical.datasets.own import Tree

# More than the official loaders take: a picture must not be left out of a user's set because of its name.
OWN_EXTENSIONS = (*EXTENSIONS, ".gif", ".jfif", ".tiff", ".webp")
UNREAD = (".avif", ".heic", ".heif", ".jp2", ".jxl", ".svg")


class Listing(NamedTuple):
    """Paths below a folder, and the class that each shows."""

    folder: Path
    paths: tuple[str, ...]
    classes: tuple[str, ...]


def classes(training: Tree) -> tuple[str, ...]:
    """Sorted names; numbers in numerical order, so that 10 comes after 9."""
    names = set(subfolders(training.folder)) if training.labels is None else set(listing(training).classes)
    if len(names) < 2:
        raise UserError(
            f"{training.folder} must hold at least 2 classes, got {len(names)}; give each class a subfolder."
        )
    return tuple(sorted(names, key=int if all(name.isdecimal() for name in names) else None))


def listing(tree: Tree) -> Listing:
    """Every image of a tree with its class.

    Raises:
      UserError: there is none, or a file of labels is wrong.
    """
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
    paths, shown = zip(*listed, strict=True)
    return Listing(folder=tree.folder, paths=paths, classes=shown)


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
