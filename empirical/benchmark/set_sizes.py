"""How many images the sets of a recipe hold: as described, from the files that are there, or as published."""

from typing import TYPE_CHECKING, NamedTuple

from artifacts import UserError
from empirical.benchmark.ledger import Ledger
from empirical.benchmark.units import description_unit
from empirical.datasets.catalogue import family
from empirical.datasets.family import Family, Part
from empirical.datasets.presence import check_folder
from empirical.recipes import Recipe
from empirical.records import Description

if TYPE_CHECKING:
    from empirical.datasets.image_sets import ImageSet


class SetSizes(NamedTuple):
    """Images of a recipe, each counted once.

    Attributes:
      training: that are trained on.
      selecting: of the set that selects, which under the protocol `paper` is the reported ID set.
      others: of all other sets that are judged.
      largest: of any set.
      looks: in how many looks there are counterparts of the training images.
      exact: False where `others` is what all judged sets hold at most.
      classes: of the ID images; 1 where neither recipe nor folder tells.
    """

    training: int
    selecting: int
    others: int
    largest: int
    looks: int = 0
    exact: bool = True
    classes: int = 1

    @property
    def judged(self) -> int:
        """Images that one evaluation of everything passes through the network."""
        return self.selecting + self.others


def set_sizes(ledger: Ledger, recipe: Recipe) -> SetSizes | None:
    """None where neither the folder, nor files, nor a publication tell."""
    source = family(recipe.family, ledger.workspace.data.families)
    sizes = _set_sizes(ledger, recipe, source)
    return None if sizes is None else sizes._replace(classes=recipe.classes or _classes(ledger, source))


def _classes(ledger: Ledger, source: Family) -> int:
    try:
        return len(source.classes(ledger.workspace.data.locations))
    except (UserError, OSError):  # described before, and not here any more
        return 1


def _set_sizes(ledger: Ledger, recipe: Recipe, source: Family) -> SetSizes | None:
    # Under a protocol that holds nothing out the reported ID set selects too.
    shared = recipe.split is None and source.validation is None and recipe.protocol.held_out == 0
    chosen = [part for part in source.ood if recipe.ood is None or part.name in recipe.ood]
    looks = sum(not part.whole for part in chosen) if source.pooled else 0
    described = ledger.result(description_unit(recipe), Description)
    if described is not None:
        sizes = dict(described.sizes)
        training, selecting = sizes.pop("id_training"), sizes.pop("id_validation")
        others = sum(sizes.values()) - (selecting if shared else 0)
        return SetSizes(training, selecting, others, max(described.sizes.values()), looks)
    if recipe.split is not None:
        split = recipe.split
        sizes = [_size(ledger, source, part) or 0 for part in chosen if part.whole]
        whole = [min(size, split.ood or size) for size in sizes]
        others = split.test + looks * (split.ood or split.test) + sum(whole)
        largest = max(split.training, split.validation, split.test, *whole)
        return SetSizes(split.training, split.validation, others, largest, looks)
    return _of_parts(ledger, recipe, source, chosen, shared=shared)


def _of_parts(ledger: Ledger, recipe: Recipe, source: Family, chosen: list[Part], *, shared: bool) -> SetSizes | None:
    training, test = _size(ledger, source, source.training), _size(ledger, source, source.reported)
    ood = [_size(ledger, source, part) for part in chosen]
    own = None if source.validation is None else _size(ledger, source, source.validation)
    if training is None or (source.validation is not None and own is None):
        return None
    held = 0 if shared or own is not None else _held_out(ledger, recipe, source, training)
    training, validation = training - held, own or held
    if test is None or None in ood:
        at_most = None if _in_small(ledger) else source.reported_at_most
        if at_most is None:
            return None
        return SetSizes(training, validation, at_most, max(training, at_most), exact=False)
    outside = [size for size in ood if size is not None]
    selecting, others = (test, sum(outside)) if shared else (validation, test + sum(outside))
    return SetSizes(training, selecting, others, max(training, validation, test, *outside))


def _held_out(ledger: Ledger, recipe: Recipe, source: Family, whole: int) -> int:
    """How many leave training; from the labels where they are there, for each class is rounded on its own."""
    share = recipe.protocol.held_out
    try:
        labels = _images(ledger, source, source.training).labels
    except (UserError, OSError):
        return round(share * whole)
    from empirical.datasets.splitting import held_out

    return len(held_out(labels, share, seed=recipe.protocol.seed))


def _size(ledger: Ledger, source: Family, part: Part) -> int | None:
    if source.pooled and part.size.total is not None:  # it comes with a package, and would have to be drawn
        return part.size.total
    try:
        return len(_images(ledger, source, part))
    except (UserError, OSError):
        return None if _in_small(ledger) else part.size.total


def _images(ledger: Ledger, source: Family, part: Part) -> "ImageSet":
    """A set as it lies on disk. What reads it is imported once there is something to read."""
    locations = ledger.workspace.data.locations
    check_folder(source, part, locations)
    from empirical.datasets.reading import read_part

    return read_part(source, part, locations)


def _in_small(ledger: Ledger) -> bool:
    """Miniatures have their sets' names and not their sizes: nothing is known of them before they are written."""
    return ledger.suite.name == "miniature"
