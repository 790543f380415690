"""A family is one ID task with its OOD sets, as data; `empirical.datasets.reading` makes a data set of its parts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from empirical.augment.transforms import Pipelines
from empirical.datasets.locations import Locations
from empirical.datasets.sizes import SetSize
from empirical.datasets.sources import Source
from empirical.records import Premises

if TYPE_CHECKING:
    from empirical.datasets.image_sets import ImageSet

#: Of sets whose shift is not made but met: it is measured instead.
NOT_BY_CONSTRUCTION = "Not known by construction: the distances are measured."


@dataclass(frozen=True)
class Column:
    """One OOD column of a table: the unweighted mean of the accuracies on `sets` of a family."""

    name: str
    title: str
    family: str
    sets: tuple[str, ...]


@dataclass(frozen=True)
class Content:
    """Published statistics of a set's pixels in [0, 255], each channel's over all images: red, green, blue.

    They are sums of whole numbers, so they must agree to the last digit that is printed.
    """

    means: tuple[float, float, float]
    deviations: tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One set of a family as it lies on disk.

    Attributes:
      source: where its folder is from and lies; None for what is drawn and for a user's own data.
      size: what is published about its size.
      classes: how many classes occur in it.
      index: lists its images and labels; decodes nothing.
      premises, reason: whether the theory's premises hold by construction, and why.
      content: what its pixels and labels must add up to, whatever form they come in; None: nothing is published.
      whole: in a pooled family, a set of images of its own: the test images of the pool are none of them.
    """

    name: str
    source: Source | None
    size: SetSize
    classes: int
    index: "Callable[[Locations], ImageSet]"
    premises: Premises = "unknown"
    reason: str = NOT_BY_CONSTRUCTION
    content: Content | None = None
    whole: bool = False


@dataclass(frozen=True, kw_only=True)
class Family:
    """One ID task and its OOD sets.

    Attributes:
      classes: their names in label order.
      validation: a validation set of its own, where a user's data have one; it takes the place of held-out images.
      columns: of tables; none: one column over all OOD sets.
      pooled: ID sets are one pool of images, OOD sets that pool in other looks unless they are `whole`; a `Split` says
        which are trained on and tested.
      reported_at_most: images of ID test and OOD sets together, where no more is published than a bound.
      pipelines: what its images go through, by the name of the recipe that asks for it.
      order: its place in lists of the catalogue.
    """

    name: str
    title: str
    classes: Callable[[Locations], tuple[str, ...]]
    training: Part
    reported: Part
    ood: tuple[Part, ...]
    validation: Part | None = None
    columns: tuple[Column, ...] = ()
    pooled: bool = False
    reported_at_most: int | None = None
    pipelines: Mapping[str, Pipelines] = field(default_factory=dict)
    order: int = 0

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every set that must be there: training, validation where it has its own, ID test, then the OOD sets."""
        own = () if self.validation is None else (self.validation,)
        return (self.training, *own, self.reported, *self.ood)
