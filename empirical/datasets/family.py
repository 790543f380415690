"""A family is one ID task with its OOD sets: how each part is read, and how the parts make a data set."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from artifacts import UserError
from empirical.datasets.image_sets import Dataset, ImageSet
from empirical.datasets.locations import Locations
from empirical.datasets.protocols import PAPER, Protocol, select
from empirical.datasets.sizes import Size, difference, read_marker, required_size


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
      source: the folder that it lies in, a name of `locations.FOLDERS`; empty for a user's own data.
      size: what is published about its size.
      classes: how many classes occur in it.
      index: lists its images and labels; decodes nothing.
      content: what its pixels and labels must add up to, whatever form they come in; None: nothing is published.
    """

    name: str
    source: str
    size: Size
    classes: int
    index: Callable[[Locations], ImageSet]
    content: Content | None = None


@dataclass(frozen=True, kw_only=True)
class Family:
    """One ID task and its OOD sets.

    Attributes:
      classes: their names in label order.
      validation: a validation set of its own, where a user's data have one; it takes the place of held-out images.
    """

    name: str
    title: str
    classes: Callable[[Locations], tuple[str, ...]]
    training: Part
    reported: Part
    ood: tuple[Part, ...]
    validation: Part | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        own = () if self.validation is None else (self.validation,)
        return (self.training, *own, self.reported, *self.ood)


def read_part(family: Family, part: Part, locations: Locations) -> ImageSet:
    """The images and labels of one set, in an order that depends on the files alone.

    Raises:
      UserError: it is not there, or is not what it must be; the message names the file and the mend.
    """
    images = part.index(locations)
    if not part.source:
        return _stored(images, family, part, locations)
    folder = locations.folder(part.source)
    size = required_size(folder, f"{family.name}/{part.name}", part.size)
    wrong = difference(images, size, part.classes)
    if wrong and size.confirmed:
        raise UserError(f"{folder}: {family.name}/{part.name} {wrong}; `distort bench verify {family.name}` says more.")
    return _stored(images, family, part, locations)


def _stored(images: ImageSet, family: Family, part: Part, locations: Locations) -> ImageSet:
    """The same images, read from the packed store where the whole data set has one."""
    if locations.store is None:
        return images
    from empirical.store.mirror import mirrored  # stores are made of data sets
    from empirical.store.packed import is_packed

    if not is_packed(locations.store, family.name):
        return images
    return mirrored(images, locations.store / family.name / part.name)


def read_dataset(
    family: Family, locations: Locations, *, protocol: Protocol = PAPER, ood: Sequence[str] | None = None
) -> Dataset:
    """A family's data set under a protocol.

    Args:
      ood: names of the OOD sets to read; all of them by default.
    Raises:
      UserError: a set is missing or wrong; an OOD set is unknown; miniatures and real data are mixed.
    """
    names = [part.name for part in family.ood]
    unknown = sorted(set(ood or ()) - set(names))
    if unknown:
        raise UserError(f"`ood` must name sets of {family.name} ({', '.join(names)}), got {', '.join(unknown)}.")
    chosen = [part for part in family.ood if ood is None or part.name in ood]
    training, reported = (read_part(family, part, locations) for part in (family.training, family.reported))
    if family.validation is None:
        id_training, id_validation = select(protocol, training, reported)
    else:
        id_training, id_validation = training, read_part(family, family.validation, locations)
    return Dataset(
        name=family.name,
        classes=family.classes(locations),
        protocol=protocol.name,
        miniature=_miniature([family.training, family.reported, *chosen], locations),
        id_training=id_training.renamed("id_training"),
        id_validation=id_validation.renamed("id_validation"),
        id_test=reported.renamed("id_test"),
        ood=tuple(read_part(family, part, locations).renamed(part.name) for part in chosen),
    )


def _miniature(parts: Sequence[Part], locations: Locations) -> bool:
    folders = {locations.folder(part.source) for part in parts if part.source}
    marked = {folder for folder in folders if read_marker(folder) is not None}
    if marked and marked != folders:
        real = ", ".join(sorted(str(folder) for folder in folders - marked))
        raise UserError(f"A miniature must not be mixed with real data, got miniatures and {real}; name another root.")
    return bool(marked)
