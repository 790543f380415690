"""A part of a suite, by words: data sets, methods, kinds of work, conditions."""

from collections.abc import Sequence
from dataclasses import dataclass

from artifacts import UserError
from empirical.benchmark.suite import Suite
from empirical.benchmark.units import FOLDERS, Unit, dependencies, method_of


@dataclass(frozen=True)
class Only:
    """Words of different kinds must all fit a unit, of words of the same kind one; no word fits everything.

    `living17 entity30 FT` is FT on either data set. A method is named with its norm mode, "FT (eval)", or without.
    """

    words: tuple[str, ...] = ()

    def select(self, units: Sequence[Unit], suite: Suite) -> list[Unit]:
        """The units that fit and what they depend on, in their order.

        Raises:
          UserError: a word fits nothing in the suite.
        """
        if not self.words:
            return list(units)
        groups = [_values(suite, kind) & set(self.words) for kind in range(4)]
        known = set().union(*(_values(suite, kind) for kind in range(4)))
        unknown = [word for word in self.words if word not in known]
        if unknown:
            raise UserError(f"--only must name a part of the suite ({', '.join(sorted(known))}), got {unknown[0]!r}.")
        chosen = {unit for unit in units if _fits(unit, suite, groups)}
        waiting = list(chosen)
        while waiting:
            needed = [unit for unit in dependencies(waiting.pop(), suite) if unit not in chosen]
            chosen.update(needed)
            waiting += needed
        return [unit for unit in units if unit in chosen]


def _fits(unit: Unit, suite: Suite, groups: Sequence[set[str]]) -> bool:
    names = (
        {unit.recipe},
        {unit.method, method_of(unit, suite.recipe(unit.recipe)).name} if unit.method else _probe_names(unit),
        {unit.kind},
        {unit.condition},
    )
    return all(not wanted or bool(wanted & have) for wanted, have in zip(groups, names, strict=True))


def _probe_names(unit: Unit) -> set[str]:
    return {"LP", "LP (eval)"} if unit.kind == "probe" else set()


def _values(suite: Suite, kind: int) -> set[str]:
    """Every word of a kind: 0 recipes, 1 methods, 2 kinds of work, 3 conditions."""
    if kind == 0:
        return {recipe.name for recipe in suite.recipes}
    if kind == 2:
        return set(FOLDERS)
    if kind == 3:
        return {one.name for recipe in suite.recipes for one in recipe.variations if one.name}
    methods = [sweep.method for recipe in suite.recipes for sweep in recipe.sweeps]
    methods += [one.method for recipe in suite.recipes for one in recipe.variations if one.method is not None]
    return {"LP", "LP (eval)"} | {word for method in methods for word in (method.name, method.label)}
