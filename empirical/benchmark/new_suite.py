"""The text of a suite file for folders of images: what was found in them, and every default, as comments.

The text is read back by the reader of suite files, and all sets are listed, before anybody is given it.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from artifacts import UserError
from empirical.datasets.listings import subfolders
from empirical.datasets.locations import Locations
from empirical.datasets.own import OwnDataset, Tree, own_family
from empirical.recipes.own import BATCH_SIZE, EPOCHS, EXTENSIONS, own_sweeps

if TYPE_CHECKING:
    from empirical.datasets.image_sets import ImageSet

#: Images of a set whose size is looked at.
LOOKED_AT = 50


class Seen(NamedTuple):
    """One set as it was found: images, classes that occur, and the median height and width of some images."""

    images: int
    classes: int
    height: int
    width: int


def new_suite(name: str, images: Path, ood: Mapping[str, Path], *, backbone: str, base: Path) -> str:
    """The text of a suite file, with comments.

    Args:
      images: folder of the ID images, a subfolder a class.
      ood: the same for OOD images, by the name of the set.
      base: folder that the file will lie in; paths are relative to it where they lie below.
    Raises:
      UserError: a folder does not hold class folders with images, or an OOD set has other classes.
    """
    _check_class_folders(images)
    classes, seen = _seen(name, images, ood)
    sets = [
        f"{set_name} = {_path(folder, base)}  # {_described(seen[set_name])}, {seen[set_name].classes} of the classes"
        for set_name, folder in ood.items()
    ]
    if not sets:
        sets = ['# sketches = "sketches"  # at least one set has to stand here before anything runs']
    sweeps = [
        f'{{ method = "{sweep.method.name}", learning_rates = {list(sweep.learning_rates)} }}' for sweep in own_sweeps()
    ]
    return f"""\
# Written by `distort bench init`. What is commented out is the default; docs/benchmark.md says what else there is.
#   distort bench plan --suite FILE.toml --measure     how long it takes
#   distort bench run --suite FILE.toml                runs what is missing, into results-{name}
name = "{name}"

[datasets.{name}]
training = {_path(images, base)}  # {len(classes)} classes, {_described(seen["id_training"])} to train on
# test_share = 0.2  # of every class, set aside for the reported ID accuracy: {seen["id_test"].images} images
# test = "folder"   # a test set of its own instead
[datasets.{name}.ood]
{chr(10).join(sets)}

[recipes.{name}]
backbone = {json.dumps(backbone)}  # `distort bench checkpoints` lists others; your own: docs/backbones.md
classes = {len(classes)}  # {", ".join(classes[:5])}{" ..." if len(classes) > 5 else ""}
# methods = ["LP"]  # linear probing alone; by default LP and, on grids that grow by {EXTENSIONS} values an end,
#   {sweeps[0]}
#   {sweeps[1]}
# epochs = {EPOCHS}
# batch_size = {BATCH_SIZE}
# seeds = [0, 1, 2]
# held_out = 0.1  # of every class, leaves the training images to select epochs, learning rates and penalties
# side = 224  # of the images that the network sees, in pixels; small_resnet: 32
"""


def set_name(folder: Path) -> str:
    """A plain word made of a folder's name."""
    name = folder.resolve().name if folder.name in ("", "..") else folder.name
    word = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_").lower()
    return word or "images"


def _seen(name: str, images: Path, ood: Mapping[str, Path]) -> tuple[tuple[str, ...], dict[str, Seen]]:
    # A data set has an OOD set; where none was named, the ID images stand in while they are looked at.
    trees = {set_name: Tree(folder=folder) for set_name, folder in ood.items()} or {"none": Tree(folder=images)}
    family = own_family(name, OwnDataset(training=Tree(folder=images), ood=trees), Path())
    nowhere = Locations(root=None, folders={}, store=None)
    parts = [family.training, family.reported, *family.ood]
    return family.classes(nowhere), {part.name: _looked_at(part.index(nowhere)) for part in parts}


def _looked_at(images: "ImageSet") -> Seen:
    indices = range(0, len(images), max(1, len(images) // LOOKED_AT))
    heights, widths = zip(*(images.images[index].shape[:2] for index in indices), strict=True)
    return Seen(len(images), len(set(images.labels.tolist())), round(median(heights)), round(median(widths)))


def _described(seen: Seen) -> str:
    return f"{seen.images:,} images of about {seen.width} x {seen.height}"


def _check_class_folders(images: Path) -> None:
    """Where the folder holds domains, each with class folders, say so rather than take domains for classes."""
    inner = {folder: subfolders(images / folder) for folder in subfolders(images)}
    if len(inner) >= 2 and all(inner.values()):
        first, second, *_ = inner
        raise UserError(
            f"{images} must hold a folder of images for each class, but its folders hold folders ({first}, {second}); "
            f"if they are domains, use --images {images / first} --ood {images / second}."
        )


def _path(folder: Path, base: Path) -> str:
    for whole, start in ((folder.absolute(), base.absolute()), (folder.resolve(), base.resolve())):
        relative = os.path.relpath(whole, start)  # a link below the base stays one
        if not relative.startswith(".."):
            return json.dumps(relative)
    return json.dumps(str(folder.resolve()))
