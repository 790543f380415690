"""Data sets of one pool of images in several looks, split anew for each replicate; they need no folder.

In distribution an image is in its ID look. Out of distribution the *same held-out* images come in other looks, so that
a loss of accuracy is owed to the look alone; or images from another source come in place of them. A further data set of
this kind is one file in `empirical/datasets/families` that calls `pooled_family`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from empirical.augment.transforms import Pipelines
from empirical.datasets.family import Column, Family, Part
from empirical.datasets.locations import Locations
from empirical.datasets.sizes import SetSize
from empirical.records import Premises

if TYPE_CHECKING:
    from empirical.datasets.drawn import Pictures
    from empirical.datasets.image_sets import ImageSet, Labels


@dataclass(frozen=True, kw_only=True)
class PooledLook:
    """All images of a pool in one look, or images from another source.

    Attributes:
      premises: "met" where pretraining has seen the look (features that can be good) and the features leave the span of
        the ID features (a large shift); "small shift" where they do not; "near ID": a control that hardly differs;
        "unknown".
      reason: why, from how the look is made.
      pictures: all of them, or a sheet that draws those that are looked at; called often, and expected to remember.
      labels: of images from another source; None: these are the pool's own images.
      count: how many images the other source has; None: as many as are counted when they are read.
    """

    name: str
    premises: Premises
    reason: str
    pictures: "Callable[[], Pictures]"
    labels: "Callable[[], Labels] | None" = None
    count: int | None = None


def pooled_family(
    name: str,
    title: str,
    *,
    classes: tuple[str, ...],
    labels: "Callable[[], Labels]",
    id_pictures: "Callable[[], Pictures]",
    looks: Sequence[PooledLook],
    columns: tuple[Column, ...],
    pipelines: Mapping[str, Pipelines] = MappingProxyType({}),
    order: int = 0,
) -> Family:
    """A family whose sets are a pool of images in its ID look, and OOD the same images in other looks, or other images.

    Args:
      labels: of every image of the pool, as positions in `classes`.
      id_pictures: the pool in the look of training.
      pipelines, order: as in `Family`.
    """

    def part(look: PooledLook, part_name: str) -> Part:
        def index(locations: Locations) -> "ImageSet":
            from empirical.datasets.drawn import whole_set

            origin = f"{name}, {look.name}"
            return whole_set(part_name, origin, look.pictures(), (look.labels or labels)())

        return Part(
            name=part_name,
            source=None,
            size=SetSize(total=look.count),
            classes=len(classes),
            index=index,
            premises=look.premises,
            reason=look.reason,
            whole=look.labels is not None,
        )

    pool = part(PooledLook(name="id", premises="unknown", reason="", pictures=id_pictures), "id")
    return Family(
        name=name,
        title=title,
        classes=lambda locations: classes,
        training=pool,
        reported=pool,
        ood=tuple(part(look, look.name) for look in looks),
        columns=columns,
        pipelines=pipelines,
        order=order,
        pooled=True,
    )
