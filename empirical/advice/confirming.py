"""The shortest training that decides between methods: one seed, and further ones while they cannot be told apart."""

from collections.abc import Sequence

import numpy as np

from artifacts.progress import Progress, silent
from empirical.advice.track_record import COMPARED
from empirical.benchmark.suite import Suite
from empirical.benchmark.workspace import Workspace
from empirical.engine import run_suite
from empirical.intervals import NORMAL_90, estimate
from empirical.methods import FT, LP_FT
from empirical.recipes import Recipe
from empirical.recipes.own import swept
from empirical.records import Benchmark, BenchmarkRow
from empirical.records.record import Record

#: Epochs of a confirming run, where the recipe has more.
EPOCHS = 5


class Confirmation(Record):
    """What short training found out of distribution, on average over a data set's columns.

    Attributes:
      accuracies: OOD, by method.
      best, second: methods. `ahead`: by how much the first leads; `half_width`: of its 90 % interval, by Student's t
        over seeds, or of a binomial law over OOD images where there is one seed.
      decided: whether the interval leaves out zero.
    """

    dataset: str
    seeds: int
    epochs: int
    accuracies: dict[str, float]
    best: str
    second: str
    ahead: float
    half_width: float
    decided: bool


def confirm(recipe: Recipe, workspace: Workspace, *, name: str, progress: Progress = silent) -> Confirmation:
    """Train FT and LP-FT on short schedules beside LP, with as many seeds as it takes and the recipe allows.

    Args:
      recipe: whose grids are taken for the two methods, without extensions; default ones where it has none.
      workspace: where runs are kept; what is there is not trained again.
      name: of the suite that its folder holds.
    """
    outcome_so_far = None
    for count in range(1, len(recipe.seeds) + 1):
        short = shortened(recipe, recipe.seeds[:count])
        outcome = run_suite(Suite(name=name, recipes=(short,)), workspace, progress=progress)
        outcome_so_far = confirmation(outcome.benchmark, short)
        if outcome_so_far.decided:
            return outcome_so_far
    assert outcome_so_far is not None  # a recipe has a seed
    return outcome_so_far


def shortened(recipe: Recipe, seeds: Sequence[int]) -> Recipe:
    """The recipe with FT and LP-FT alone, few epochs, and these seeds."""
    own = {sweep.label: sweep for sweep in recipe.sweeps}
    sweeps = (own.get(method.label, swept(method)) for method in (FT, LP_FT))
    short = tuple(sweep.model_copy(update={"extensions": 0, "epochs": None}) for sweep in sweeps)
    epochs = min(recipe.epochs, EPOCHS)
    update = {"sweeps": short, "epochs": epochs, "seeds": tuple(seeds), "interpolate": (), "conditions": ()}
    return recipe.model_copy(update=update)


def confirmation(benchmark: Benchmark, recipe: Recipe) -> Confirmation:
    """What the rows of a shortened recipe say."""
    rows = {row.label: row for row in benchmark.rows if row.dataset == recipe.name}
    there = {method: rows[method] for method in COMPARED if method in rows}
    best, second = sorted(there, key=lambda method: -there[method].ood_accuracy)[:2]
    ahead, half = _lead(there[best], there[second], _images(benchmark, recipe.name))
    return Confirmation(
        dataset=recipe.name,
        seeds=len(recipe.seeds),
        epochs=recipe.epochs,
        accuracies={method: row.ood_accuracy for method, row in there.items()},
        best=best,
        second=second,
        ahead=ahead,
        half_width=half,
        decided=ahead > half,
    )


def _lead(best: BenchmarkRow, second: BenchmarkRow, images: int) -> tuple[float, float]:
    count = max(len(best.ood_per_seed), len(second.ood_per_seed))
    first, other = (np.resize(row.ood_per_seed, count) for row in (best, second))
    if count > 1:
        lead = estimate((first - other).tolist())
        return lead.mean, float("inf") if lead.ci90 is None else lead.ci90
    variance = sum(accuracy * (1 - accuracy) / images for accuracy in (float(first[0]), float(other[0])))
    return float(first[0] - other[0]), NORMAL_90 * float(np.sqrt(variance))


def _images(benchmark: Benchmark, name: str) -> int:
    dataset = benchmark.dataset(name)
    return sum(dataset.sizes[name_of_set] for sets in dataset.columns.values() for name_of_set in sets)
