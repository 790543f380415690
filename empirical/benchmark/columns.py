"""Which OOD columns a recipe yields: the paper's, each an unweighted mean over sets, or one of its own."""

from collections.abc import Mapping, Sequence

from empirical.datasets.catalogue import COLUMNS
from empirical.datasets.digits import OOD_SETS, PREMISES_MET
from empirical.recipes import Recipe
from empirical.records import Premises


def columns(recipe: Recipe, ood: Sequence[str]) -> dict[str, list[str]]:
    """Columns by name, and the sets that each averages.

    The embedded digits have one, over the sets that meet the theory's premises; a data set of the user's own has one,
    over all sets. Where the recipe leaves out a set that a column needs, the column is left out.

    Args:
      ood: names of the sets that are evaluated.
    """
    if recipe.family == "digits":
        return {recipe.name: [name for name in PREMISES_MET if name in ood]}
    known = [column for column in COLUMNS if column.family == recipe.family]
    found = {column.name: list(column.sets) for column in known if set(column.sets) <= set(ood)}
    return found or {recipe.name: list(ood)}


def titles(recipe: Recipe, names: Sequence[str]) -> dict[str, str]:
    """Headings of columns."""
    known = {column.name: column.title for column in COLUMNS}
    return {name: known.get(name, recipe.title) for name in names}


def premises(recipe: Recipe) -> Mapping[str, Premises]:
    """Whether the theory's premises hold for a set by construction; for photographs nobody knows."""
    return {one.name: one.premises for one in OOD_SETS} if recipe.family == "digits" else {}
