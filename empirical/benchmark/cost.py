"""How much work a plan is: images that pass through the network, and hours at the rate measured on this device."""

import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from artifacts import UserError
from empirical.augment import Transform
from empirical.backbones.catalogue import load
from empirical.benchmark.ledger import Ledger
from empirical.benchmark.units import Unit
from empirical.benchmark.workspace import Places
from empirical.datasets.catalogue import family
from empirical.datasets.family import Family, Part, read_part
from empirical.methods import FT_EVAL
from empirical.recipes import Recipe
from empirical.records import Description, RunResult
from empirical.training import Resident, TrainingRun, starting_classifier, train

#: A pass without gradients costs about a third of a training step.
FORWARD_SHARE = 1 / 3
#: Training steps that a measurement takes, after one that compiles.
STEPS = 3


class Images(NamedTuple):
    """Images of a recipe: in an epoch of training, and in one evaluation of every set. None: not known."""

    training: int | None
    evaluation: int | None


class Share(NamedTuple):
    """Part of a plan: one recipe and method.

    Attributes:
      units, finished: runs in all, and those that are there.
      trained, evaluated: images that the missing runs pass through the network with and without gradients.
      seconds: that this takes at the measured rate; None where sizes or rate are not known.
    """

    recipe: str
    work: str
    units: int
    finished: int
    trained: int | None
    evaluated: int | None
    seconds: float | None


def shares(ledger: Ledger, places: Places, units: Sequence[Unit], rates: dict[str, float]) -> list[Share]:
    """The plan recipe by recipe and method by method.

    Args:
      rates: images a second of training, by recipe.
    """
    found = []
    for recipe in ledger.suite.recipes:
        images = counted(ledger, places, recipe)
        own = [unit for unit in units if unit.recipe == recipe.name]
        for work in dict.fromkeys(map(_work, own)):
            part = [unit for unit in own if _work(unit) == work]
            found.append(_share(ledger, recipe, work, part, images, rates.get(recipe.name)))
    return found


def counted(ledger: Ledger, places: Places, recipe: Recipe) -> Images:
    """From what was described, else from the files that are there, else from what is published."""
    described = ledger.result(Unit(kind="description", recipe=recipe.name, seed=recipe.seeds[0]), Description)
    if described is not None:
        sizes = dict(described.sizes)
        return Images(sizes.pop("id_training"), sum(sizes.values()))
    if recipe.split is not None:
        styles = 6  # ID test and five styles
        return Images(recipe.split.training, recipe.split.validation + styles * recipe.split.test)
    data = places.data
    source = family(recipe.family, data.families)
    reported = [source.reported, *(part for part in source.ood if recipe.ood is None or part.name in recipe.ood)]
    # Under the protocol `paper` the reported ID set is judged twice: it selects too.
    judged = [_size(source, part, places) for part in (reported[0], *reported)]
    return Images(_size(source, source.training, places), None if None in judged else sum(size or 0 for size in judged))


def measured_rates(ledger: Ledger, units: Iterable[Unit]) -> dict[str, float]:
    """Images a second of training in finished runs, by recipe: the median."""
    found: dict[str, list[float]] = {}
    for unit in units:
        run: RunResult | None = ledger.run(unit) if unit.kind == "training" else None
        if run is not None and run.images_per_second is not None:
            found.setdefault(unit.recipe, []).append(run.images_per_second)
    return {name: sorted(rates)[len(rates) // 2] for name, rates in found.items()}


def timed_rate(recipe: Recipe, places: Places) -> float:
    """Images a second of training with the recipe's backbone and batch, measured now on random images.

    Raises:
      UserError: the weights are not there.
    """
    loaded = load(recipe.backbone, places.checkpoints)
    transform: Transform = recipe.pipelines.training
    count = recipe.batch_size * STEPS
    pictures = jax.random.uniform(jax.random.key(0), (count, transform.side, transform.side, 3), jnp.float32)
    classes = recipe.classes or 10
    data = Resident(pictures, jnp.arange(count, dtype=jnp.int32) % classes)
    start = starting_classifier(FT_EVAL, loaded.backbone, classes=classes, seed=0)
    run = TrainingRun(method=FT_EVAL, learning_rate=1e-6, epochs=2, batch_size=recipe.batch_size, seed=0)
    began = time.perf_counter()
    outcome = train(start, data, run)
    return outcome.images_per_second or 2 * count / (time.perf_counter() - began)


def _share(
    ledger: Ledger, recipe: Recipe, work: str, units: Sequence[Unit], images: Images, rate: float | None
) -> Share:
    missing = [unit for unit in units if not ledger.finished(unit)]
    epochs = sum(unit.epochs or 0 for unit in missing if unit.kind == "training")
    judged = sum(_evaluations(unit) for unit in missing)
    trained = 0 if epochs == 0 else None if images.training is None else epochs * images.training
    evaluated = 0 if judged == 0 else None if images.evaluation is None else judged * images.evaluation
    known = rate is not None and trained is not None and evaluated is not None
    seconds = (trained + FORWARD_SHARE * evaluated) / rate if known else 0.0 if not missing else None
    return Share(recipe.name, work, len(units), len(units) - len(missing), trained, evaluated, seconds)


def _evaluations(unit: Unit) -> int:
    """Evaluations of every set: after each epoch and before the first; once for features; along a line."""
    return {"training": (unit.epochs or 0) + 1, "interpolation": 11, "pretraining": 0}.get(unit.kind, 1)


def _work(unit: Unit) -> str:
    name = unit.method if unit.kind == "training" else unit.kind
    return f"{name} [{unit.condition}]" if unit.condition else name


def _size(source: Family, part: Part, places: Places) -> int | None:
    try:
        return len(read_part(source, part, places.data.locations))
    except (UserError, OSError):
        return part.size.total
