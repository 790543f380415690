"""Which OOD columns a recipe yields: those of its family, each an unweighted mean over sets, or one of its own."""

from collections.abc import Mapping, Sequence

from empirical.datasets.family import Column, Family
from empirical.recipes import Recipe
from empirical.records import Premises


def columns(recipe: Recipe, family: Family | None, ood: Sequence[str]) -> dict[str, list[str]]:
    """Columns by name, and the sets that each averages.

    A family without columns, as a data set of the user's own, yields one over all sets. Where the recipe leaves out a
    set that a column needs, the column is left out.

    Args:
      family: None where it is not of the catalogue.
      ood: names of the sets that are evaluated.
    """
    whole = {column.name: list(column.sets) for column in _columns(family) if set(column.sets) <= set(ood)}
    return whole or {recipe.name: list(ood)}


def titles(recipe: Recipe, family: Family | None, names: Sequence[str]) -> dict[str, str]:
    """Headings of columns.

    Args:
      family: None where it is not of the catalogue.
      names: of columns; one that the family does not know has the recipe's title.
    """
    known = {column.name: column.title for column in _columns(family)}
    return {name: known.get(name, recipe.title) for name in names}


def premises(family: Family | None) -> Mapping[str, Premises]:
    """Whether the theory's premises hold by construction, set by set."""
    return {} if family is None else {part.name: part.premises for part in family.ood}


def _columns(family: Family | None) -> Sequence[Column]:
    return () if family is None else family.columns
