"""A part of a suite, by words: data sets, methods, kinds of work, conditions."""

from collections.abc import Sequence
from dataclasses import dataclass

from artifacts import ArgumentError
from empirical.benchmark.run import Run
from empirical.benchmark.suite import Suite
from empirical.benchmark.units import FOLDERS, Unit


@dataclass(frozen=True)
class Only:
    """Which runs are asked for; no word asks for all.

    A run fits where it has one of the words given of each kind: `living17 entity30 FT` is FT on either data set. A
    method is named with its norm mode, "FT (eval)", or without. What describes the data set comes with a method, whose
    row names it.
    """

    words: tuple[str, ...] = ()

    def select(self, runs: Sequence[Run], suite: Suite) -> list[Run]:
        """The runs that fit and what they depend on, in their order.

        Raises:
          ArgumentError: a word fits nothing in the suite.
          NothingSelected: all of them together fit no run.
        """
        if not self.words:
            return list(runs)
        kinds = _words(suite)
        known = set().union(*kinds)
        unknown = [word for word in self.words if word not in known]
        if unknown:
            parts = ", ".join(sorted(known))
            raise ArgumentError(f"--only must name a part of the suite ({parts}), got {unknown[0]!r}.")
        asked = [words & set(self.words) for words in kinds]
        chosen = set[Unit](run.unit for run in runs if _fits(run, asked))
        if not chosen:
            given = " ".join(f"--only {word!r}" for word in self.words)
            raise NothingSelected(
                f"A run must have one word of each kind (data set, method, kind of work, condition), but none has "
                f"those of {given} together; leave one out"
                + ("; what awaits a learning rate is named once its sweep is run." if asked[3] else ".")
            )
        asked_for = _with_dependencies(chosen, runs)
        # The row of a method names its data set, which is described beside; that comes last.
        described = set[Unit](
            run.unit for run in runs if run.unit.kind == "description" and _describes(run.unit, chosen)
        )
        beside = _with_dependencies(described if asked[1] or asked[3] else set(), runs) - asked_for
        return [run for run in runs if run.unit in asked_for] + [run for run in runs if run.unit in beside]


def _with_dependencies(chosen: set[Unit], runs: Sequence[Run]) -> set[Unit]:
    by_unit = {run.unit: run for run in runs}
    complete, waiting = set(chosen), list(chosen)
    while waiting:
        needed = [run.unit for run in by_unit[waiting.pop()].dependencies if run.unit not in complete]
        complete.update(needed)
        waiting += needed
    return complete


def _describes(description: Unit, chosen: set[Unit]) -> bool:
    return any(unit.recipe == description.recipe and description.condition in ("", unit.condition) for unit in chosen)


class NothingSelected(ArgumentError):
    """Words that are all known, and that no run has together."""


def _fits(run: Run, asked: Sequence[set[str]]) -> bool:
    unit = run.unit
    words = ({unit.recipe}, _method_words(run), {unit.kind}, {unit.condition})
    return all(not wanted or bool(wanted & own) for wanted, own in zip(asked, words, strict=True))


def _method_words(run: Run) -> set[str]:
    if run.unit.method:
        return {run.unit.method, run.method.name}
    return {"LP", "LP (eval)"} if run.unit.kind == "probe" else set()


def _words(suite: Suite) -> tuple[set[str], ...]:
    """Every word of each kind: recipes, methods, kinds of work, conditions."""
    recipes = suite.recipes
    conditions = [condition for recipe in recipes for condition in recipe.conditions]
    methods = [sweep.method for recipe in recipes for sweep in recipe.sweeps]
    methods += [condition.method for condition in conditions if condition.method is not None]
    probes = {"LP", "LP (eval)"} if any(recipe.solves for recipe in recipes) else set[str]()
    return (
        {recipe.name for recipe in recipes},
        probes | {word for method in methods for word in (method.name, method.label)},
        set(FOLDERS),
        {condition.name for condition in conditions if condition.name},
    )
