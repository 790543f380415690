"""BREEDS: superclasses of ImageNet; training sees some subclasses, the OOD set has the others.

The splits are tables (`tables/breeds.json`, docs/protocol.md 2.1): superclasses in label order, source and target
subclasses as ImageNet class indices in the order drawn. Nothing is drawn again here.
"""

from functools import cache, partial
from typing import TYPE_CHECKING, Literal

from artifacts.frozen import Frozen
from empirical.augment.transforms import SWAV, Pipelines, Transform
from empirical.datasets.families import imagenet
from empirical.datasets.family import Column, Family, Part
from empirical.datasets.locations import Locations
from empirical.datasets.sizes import SetSize
from empirical.datasets.tables import table

if TYPE_CHECKING:
    from empirical.datasets.image_sets import ImageSet

Side = Literal["source", "target"]


class Breeds(Frozen):
    """One split: for each label its superclass (id and name) and its subclasses on both sides."""

    superclasses: tuple[str, ...]
    names: tuple[str, ...]
    source: tuple[tuple[int, ...], ...]
    target: tuple[tuple[int, ...], ...]
    subclasses: dict[int, str]

    def labels(self, side: Side) -> dict[int, int]:
        """From ImageNet class index to label."""
        groups = self.source if side == "source" else self.target
        return {index: label for label, group in enumerate(groups) for index in group}


@cache
def breeds(name: str) -> Breeds:
    """The split `living17` or `entity30`."""
    return Breeds.model_validate(table("breeds")[name])


def _part(split: str, name: str, folder: str, side: Side, size: SetSize) -> Part:
    return Part(
        name=name, source=imagenet.IMAGENET_SOURCE, size=size, classes=len(breeds(split).names),
        index=partial(_index, split, name, folder, side),
    )  # fmt: skip


def _index(split: str, name: str, folder: str, side: Side, locations: Locations) -> "ImageSet":
    from empirical.datasets.layouts.breeds import index

    return index(split, name, folder, side, locations)


def _family(name: str, title: str, training: SetSize, validation: int, *, order: int) -> Family:
    return Family(
        name=name,
        title=title,
        classes=lambda locations: breeds(name).names,
        training=_part(name, "id_training", "train", "source", training),
        reported=_part(name, "id_test", "val", "source", SetSize(total=validation)),
        ood=(_part(name, "target_subclasses", "val", "target", SetSize(total=validation)),),
        columns=(Column(name, title, name, ("target_subclasses",)),),
        pipelines={
            name: Pipelines(
                training=Transform(crop="random_resized_crop", flip=True, deviation=SWAV),
                evaluation=Transform(crop="resize_centre_crop", resized=256, deviation=SWAV),
            )
        },
        order=order,
    )


# 44,200 is 34 classes of 1,300, seen for the target side only; 154,263 is the authors' own output.
LIVING17 = _family("living17", "Living-17", SetSize(total=44_200, confirmed=False), 1_700, order=10)
ENTITY30 = _family("entity30", "Entity-30", SetSize(total=154_263), 6_000, order=20)
FAMILIES = (LIVING17, ENTITY30)
