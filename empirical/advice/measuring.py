"""Premises of all recipes of a suite: its probes and descriptions are made, and nothing is trained but heads."""

from collections.abc import Mapping
from pathlib import Path

from artifacts import UserError
from artifacts.progress import Progress, silent
from empirical.advice.premises import Premises, measured_premises
from empirical.advice.unlabelled import UnlabelledSet, unlabelled_sets
from empirical.benchmark.ledger import Ledger
from empirical.benchmark.suite import Suite
from empirical.benchmark.units import description_unit
from empirical.engine import run_suite
from empirical.recipes import Recipe, SolvedProbe, TrainedProbe
from empirical.recipes.penalties import MINIATURE_PENALTIES


def premises_of(ledger: Ledger, *, progress: Progress = silent) -> list[Premises]:
    """One for each recipe; what is missing for them is made, and kept.

    Args:
      ledger: a suite, and the workspace that holds its premises from before or nothing.
    Raises:
      UserError: a recipe has no probe, or data or weights are missing.
    """
    workspace, bare = ledger.workspace, _bare(ledger.suite)
    outcome = run_suite(bare, workspace, progress=progress)
    if outcome.set_aside:
        raise UserError(f"{outcome.set_aside[0].unit}: {outcome.set_aside[0].error}")
    measuring = Ledger(bare, workspace)
    premises = []
    for index, recipe in enumerate(bare.recipes):
        progress(f"premises of {recipe.name}", index / len(bare.recipes))
        (run,) = measuring.runs([description_unit(recipe)])
        (probe,) = (row for row in outcome.benchmark.rows if row.dataset == recipe.name)
        premises.append(measured_premises(run, probe, outcome.benchmark))
    return premises


def unlabelled_of(ledger: Ledger, folders: Mapping[str, Path]) -> list[UnlabelledSet]:
    """OOD images without labels, measured for each recipe whose premises are known (`premises_of`).

    Args:
      folders: of image files, by the name of the set.
    """
    bare = _bare(ledger.suite)
    measuring = Ledger(bare, ledger.workspace)
    runs = [run for recipe in bare.recipes for run in measuring.runs([description_unit(recipe)])]
    return [measured for run in runs for measured in unlabelled_sets(run, folders)]


def _bare(suite: Suite) -> Suite:
    return suite.model_copy(update={"name": called(suite), "recipes": tuple(map(bare_recipe, suite.recipes))})


def called(suite: Suite) -> str:
    """Name of the suite of probes and short runs, whose folder is not that of the suite itself."""
    return f"advice-{suite.name}"


def bare_recipe(recipe: Recipe) -> Recipe:
    """LP and descriptions alone. Where the recipe trains its probe, one is solved instead.

    Raises:
      UserError: the recipe has no probe.
    """
    if recipe.probe is None:
        raise UserError(f"{recipe.name} must have a linear probe to be advised on; leave `probe` out.")
    probe = SolvedProbe(penalties=MINIATURE_PENALTIES) if isinstance(recipe.probe, TrainedProbe) else recipe.probe
    return recipe.model_copy(
        update={"probe": probe, "sweeps": (), "interpolate": (), "refit": (), "conditions": (), "describe": True}
    )
