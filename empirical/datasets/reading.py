"""The parts of a family as they lie on disk, and the data set that they make under a protocol."""

from collections.abc import Sequence

from artifacts import UserError
from empirical.datasets.counts import difference
from empirical.datasets.family import Family, Part
from empirical.datasets.image_sets import Dataset, ImageSet, spread
from empirical.datasets.locations import Locations, is_packed
from empirical.datasets.protocols import PAPER, Protocol, Split
from empirical.datasets.sizes import read_marker, required_size
from empirical.datasets.splitting import indices, select


def read_part(family: Family, part: Part, locations: Locations) -> ImageSet:
    """The images and labels of one set, in an order that depends on the files alone.

    Raises:
      UserError: it is not there, or is not what it must be; the message names the file and the mend.
    """
    images = part.index(locations)
    if part.source is None:
        return _stored(images, family, part, locations)
    folder = locations.folder(part.source)
    size = required_size(folder, f"{family.name}/{part.name}", part.size)
    wrong = difference(images, size, part.classes)
    if wrong and size.confirmed:
        raise UserError(f"{folder}: {family.name}/{part.name} {wrong}; `distort bench verify {family.name}` says more.")
    return _stored(images, family, part, locations)


def _stored(images: ImageSet, family: Family, part: Part, locations: Locations) -> ImageSet:
    """The same images, read from the packed store where the whole data set has one."""
    if locations.store is None or not is_packed(locations.store, family.name):
        return images
    from empirical.store.mirror import mirrored  # stores are made of data sets

    return mirrored(images, locations.store / family.name / part.name)


def read_dataset(
    family: Family,
    locations: Locations,
    *,
    protocol: Protocol = PAPER,
    ood: Sequence[str] | None = None,
    split: Split | None = None,
    replicate: int = 0,
) -> Dataset:
    """A family's data set under a protocol.

    Args:
      ood: names of the OOD sets to read; all of them by default.
      split, replicate: of a pooled family: how many of its images go where, and which draw of them.
    Raises:
      UserError: a set is missing or wrong; an OOD set is unknown; miniatures and real data are mixed; a `split` is
        missing, or is given to a family that has its own.
    """
    names = [part.name for part in family.ood]
    unknown = sorted(set(ood or ()) - set(names))
    if unknown:
        raise UserError(f"`ood` must name sets of {family.name} ({', '.join(names)}), got {', '.join(unknown)}.")
    if family.pooled != (split is not None):
        must = "have a `split`, for it is one pool of images" if family.pooled else "have no `split`: it has its own"
        raise UserError(f"A recipe for {family.name} must {must}.")
    if split is not None:
        return _pooled_dataset(family, locations, split, replicate=replicate, ood=ood, protocol=protocol)
    chosen = [part for part in family.ood if ood is None or part.name in ood]
    _check_there(family, chosen, locations)
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


def _check_there(family: Family, ood: Sequence[Part], locations: Locations) -> None:
    """All OOD sets that are missing, in one message with the way to go on without them."""
    missing = [part for part in ood if not _is_there(part, locations)]
    if not missing or not _is_there(family.training, locations):
        return  # without the ID images there is no way to go on
    looked = " or ".join(str(folder) for part in missing if part.source for folder in locations.candidates(part.source))
    there = ", ".join(f'"{part.name}"' for part in ood if part not in missing)
    without = f"; or go on without in a suite of your own with `ood = [{there}]` (docs/benchmark.md)" if there else ""
    raise UserError(
        f"{family.name} needs {', '.join(part.name for part in missing)} in {looked}, but no such folder is there; "
        f"`distort bench datasets` says how to get it{without}."
    )


def _is_there(part: Part, locations: Locations) -> bool:
    return part.source is None or any(folder.is_dir() for folder in locations.candidates(part.source))


def _pooled_dataset(
    family: Family, locations: Locations, split: Split, *, replicate: int, ood: Sequence[str] | None, protocol: Protocol
) -> Dataset:
    """What a replicate trains, selects and is tested on; validation images are its own: the reported never select."""
    pool = family.training.index(locations)
    chosen = [part for part in family.ood if ood is None or part.name in ood]
    sets = [(part, part.index(locations)) for part in chosen]
    try:
        training, validation, test = indices(split, len(pool), replicate=replicate)
    except ValueError as error:
        raise UserError(f"{family.name}: {error}") from error
    return Dataset(
        name=family.name,
        classes=family.classes(locations),
        protocol=protocol.name,
        miniature=False,
        id_training=pool.subset(training, name="id_training"),
        id_validation=pool.subset(validation, name="id_validation"),
        id_test=pool.subset(test, name="id_test"),
        ood=tuple(
            images.subset(spread(len(images), split.ood) if part.whole else test[: split.ood], name=part.name)
            for part, images in sets
        ),
        counterparts=tuple(images.subset(training, name=part.name) for part, images in sets if not part.whole),
    )


def _miniature(parts: Sequence[Part], locations: Locations) -> bool:
    folders = {locations.folder(part.source) for part in parts if part.source}
    marked = {folder for folder in folders if read_marker(folder) is not None}
    if marked and marked != folders:
        real = ", ".join(sorted(str(folder) for folder in folders - marked))
        raise UserError(f"A miniature must not be mixed with real data, got miniatures and {real}; name another root.")
    return bool(marked)
