"""How much work a plan is: images that pass through the network, and hours at the rates measured on this device."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from empirical.backbones.catalogue import feature_dim
from empirical.benchmark.effort import Effort, efforts
from empirical.benchmark.ledger import Ledger
from empirical.benchmark.plan import grid
from empirical.benchmark.set_sizes import SetSizes, set_sizes
from empirical.benchmark.units import Unit
from empirical.recipes import Recipe, SolvedProbe
from empirical.records import ProbeResult

#: A pass without gradients costs about a third of a training step.
FORWARD_SHARE = 1 / 3


class MeasuredRates(NamedTuple):
    """What this device does.

    Attributes:
      training: images a second, by recipe.
      solving: seconds of a linear probe for one image, class and penalty, by recipe.
    """

    training: dict[str, float]
    solving: dict[str, float]


class Share(NamedTuple):
    """Part of a plan: one recipe and method.

    Attributes:
      units, finished: runs in all, and those that are there.
      effort: that the missing runs ask for; None where the sizes of sets are not known.
      exact: False where the size of a set is an upper bound.
      seconds: that this takes at the measured rates; None where sizes or rates are not known.
      extensions: runs that the grid may still grow by, and how long they would take.
      probe_bytes: memory for the features of a linear probe and its scores; None where there is none.
    """

    recipe: str
    work: str
    units: int
    finished: int
    effort: Effort | None
    exact: bool
    seconds: float | None
    extensions: int
    extension_seconds: float | None
    probe_bytes: int | None


def shares(ledger: Ledger, units: Sequence[Unit], rates: MeasuredRates) -> list[Share]:
    """The plan recipe by recipe and method by method.

    Args:
      units: what is planned, finished units included.
      rates: what was measured here; a recipe that is not among them has no seconds.
    """
    known = {recipe.name: set_sizes(ledger, recipe) for recipe in ledger.suite.recipes}
    sizes = {name: size for name, size in known.items() if size is not None}
    asked = efforts(ledger, units, sizes)
    shares = []
    for recipe in ledger.suite.recipes:
        own = [unit for unit in units if unit.recipe == recipe.name]
        for work in dict.fromkeys(unit.work for unit in own):
            part = [unit for unit in own if unit.work == work]
            shares.append(_share(ledger, recipe, part, sizes.get(recipe.name), asked, rates))
    return shares


def measured_rates(ledger: Ledger, units: Iterable[Unit]) -> MeasuredRates:
    """What finished runs did, by recipe: the median."""
    training: dict[str, list[float]] = {}
    solving: dict[str, list[float]] = {}
    for unit in units:
        recipe = ledger.suite.recipe(unit.recipe)
        if unit.kind == "training":
            run = ledger.training(unit)
            if run is not None and run.images_per_second is not None:
                training.setdefault(unit.recipe, []).append(run.images_per_second)
        elif unit.kind == "probe":
            probe, size = ledger.result(unit, ProbeResult), _probe_size(ledger, recipe)
            if probe is not None and size:
                solving.setdefault(unit.recipe, []).append(probe.seconds / size)
    return MeasuredRates(
        {name: sorted(rates)[len(rates) // 2] for name, rates in training.items()},
        {name: sorted(rates)[len(rates) // 2] for name, rates in solving.items()},
    )


def _probe_size(ledger: Ledger, recipe: Recipe) -> int:
    sizes, probe = set_sizes(ledger, recipe), recipe.probe
    if sizes is None or not isinstance(probe, SolvedProbe):
        return 0
    return sizes.training * sizes.classes * len(probe.penalties)


def _share(
    ledger: Ledger,
    recipe: Recipe,
    units: Sequence[Unit],
    sizes: SetSizes | None,
    asked: dict[Unit, Effort],
    rates: MeasuredRates,
) -> Share:
    missing = [unit for unit in units if not ledger.finished(unit)]
    effort = None if sizes is None else sum((asked[unit] for unit in missing), Effort())
    extensions = _extensions(ledger, recipe, units[0])
    one_more = None if effort is None or not missing else _seconds(asked[missing[-1]], recipe, rates)
    width = feature_dim(recipe.backbone) if units[0].kind == "probe" and sizes is not None else None
    # In single precision; scores, probabilities and directions of the solver are four numbers a class.
    memory = None if width is None or sizes is None else 4 * sizes.training * (width + 4 * sizes.classes)
    return Share(
        recipe=recipe.name,
        work=units[0].work,
        units=len(units),
        finished=len(units) - len(missing),
        effort=effort,
        exact=sizes is None or sizes.exact,
        seconds=0.0 if not missing else None if effort is None else _seconds(effort, recipe, rates),
        extensions=extensions,
        extension_seconds=0.0 if not extensions else None if one_more is None else extensions * one_more,
        probe_bytes=memory,
    )


def _seconds(effort: Effort, recipe: Recipe, rates: MeasuredRates) -> float | None:
    images = effort.trained + FORWARD_SHARE * (effort.head_trained + effort.passed)
    rate, solving = rates.training.get(recipe.name), rates.solving.get(recipe.name)
    if (images and rate is None) or (effort.solved and solving is None):
        return None
    return (images / rate if rate else 0.0) + effort.solved * (solving or 0.0)


def _extensions(ledger: Ledger, recipe: Recipe, unit: Unit) -> int:
    """Runs by which the unit's grid may still grow, at the end where its optimum lies."""
    if unit.kind != "training" or unit.condition or unit.method not in [sweep.label for sweep in recipe.sweeps]:
        return 0
    sweep = recipe.sweep(unit.method)
    state = grid(recipe, sweep, ledger.training)
    return 0 if state.settled else (sweep.extensions - min(len(state.added), sweep.extensions)) * len(recipe.seeds)
