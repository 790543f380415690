"""A user's own data, as data: folders with a subfolder a class, or files that give each image its label."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from artifacts.frozen import Frozen
from empirical.datasets.family import Family, Part
from empirical.datasets.locations import Locations
from empirical.datasets.naming import Name, Title, check_ood_names
from empirical.datasets.sizes import SetSize

if TYPE_CHECKING:
    from empirical.datasets.image_sets import ImageSet


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


def _part(name: str, index: "partial[ImageSet]") -> Part:
    def indexed(locations: Locations) -> "ImageSet":
        return index()

    return Part(name=name, source=None, size=SetSize(), classes=0, index=indexed)


def _placed(tree: Tree, base: Path) -> Tree:
    labels = None if tree.labels is None else base / tree.labels
    return tree.model_copy(update={"folder": base / tree.folder, "labels": labels})


def _classes(training: Tree) -> tuple[str, ...]:
    from empirical.datasets.own_listing import classes

    return classes(training)


def _labelled(name: str, tree: Tree, training: Tree) -> "ImageSet":
    from empirical.datasets.folders import labelled

    return labelled(name, tree, training)


def _share(name: str, training: Tree, share: float, seed: int, kept: bool) -> "ImageSet":
    from empirical.datasets.folders import share_of

    return share_of(name, training, share, seed, kept)
