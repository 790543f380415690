"""Whether finished runs are whole, and made from the data, weights, code and versions that are here; nothing is run."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from artifacts import UserError
from artifacts.fingerprint import difference
from artifacts.versions import accepts_other_versions, version_difference
from empirical.benchmark.ledger import Ledger
from empirical.benchmark.origins import shared
from empirical.benchmark.run import Run
from empirical.benchmark.units import Unit
from empirical.counted_code import run_code, run_versions
from empirical.runs.presence import check_there


class Freshness(NamedTuple):
    """What is not as it was.

    Attributes:
      outdated: finished units that would be made again, and why.
      unknown: what could not be compared, and why.
      impossible: those of it that are of a user's own data, which are nowhere else than the suite's file says.
    """

    outdated: dict[Unit, str]
    unknown: list[str]
    impossible: list[str]


def freshness(ledger: Ledger, units: Sequence[Unit]) -> Freshness:
    """Compare what finished units were made from with what is here.

    Images and weights of finished units are read, and images drawn, where their digests are not known yet; of others it
    is only looked whether they are there.
    """
    unknown: dict[str, dict[str, None]] = {}
    origins = ledger.origins(units)
    outdated = {unit: ledger.damaged[unit] for unit in units if unit in ledger.damaged}
    for (recipe, _, _), group in shared(unit for unit in units if unit.kind != "pretraining").items():
        finished = [unit for unit in group if unit in origins]
        try:
            if not finished:
                check_there(ledger.run(group[0]))
                continue
            now = _inputs(ledger.run(finished[0]))
        except UserError as error:
            unknown.setdefault(str(error), {})[recipe] = None
            continue
        for unit in finished:
            there = {name: origins[unit].material.get(name) for name in now}
            why = difference(there, now)
            if why:
                outdated[unit] = why
    for unit, origin in origins.items():
        recipe = ledger.suite.recipe(unit.recipe)
        if origin.code != run_code(unit.kind, recipe):
            outdated.setdefault(unit, "code differs")
        versions = version_difference(origin.versions, run_versions(unit.kind, recipe))
        if versions and not accepts_other_versions():
            outdated.setdefault(unit, versions)
    own = {recipe.name for recipe in ledger.suite.recipes if recipe.family in ledger.workspace.data.own}
    said = {why: f"{', '.join(recipes)}: {why}" for why, recipes in unknown.items()}
    impossible = [said[why] for why, recipes in unknown.items() if not own.isdisjoint(recipes)]
    return Freshness(outdated, list(said.values()), impossible)


def _inputs(run: Run) -> dict[str, Any]:
    """Hashes of data and weights that are here now."""
    from empirical.runs.materials import materials  # loads networks and draws images, by JAX

    return materials(run).inputs
