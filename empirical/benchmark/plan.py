"""Which units a suite consists of. The plan grows with what is finished: grids extend, series take selected rates."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from empirical.benchmark.suite import Suite
from empirical.benchmark.units import Unit, pretraining_unit, trained_probe_unit
from empirical.methods import Method
from empirical.recipes import Recipe, Sweep, TrainedProbe, Variation
from empirical.records import EpochRecord, RunResult
from empirical.selection import Selected, Trial, extended, selected

#: What a training unit came to; None where it has not been run.
Results = Callable[[Unit], RunResult | None]


class Grid(NamedTuple):
    """A sweep's learning rates as far as they are known.

    Attributes:
      added: those that are not the recipe's own.
      settled: everything is run and nothing is to be added.
      selected: None where it is not settled, or every learning rate diverged.
      limit: the optimum lies on the edge and may not be followed.
    """

    values: tuple[float, ...]
    added: tuple[float, ...]
    settled: bool
    selected: Selected | None
    limit: bool


class Plan(NamedTuple):
    """Units in an order in which they can be done, and what cannot be named yet."""

    units: tuple[Unit, ...]
    undecided: tuple[str, ...]


def plan(suite: Suite, results: Results) -> Plan:
    """Everything that can be named now."""
    units: list[Unit] = []
    undecided: list[str] = []
    for recipe in suite.recipes:
        units += _first_units(recipe)
        grids = {sweep.label: grid(recipe, sweep, results) for sweep in recipe.sweeps}
        for sweep in recipe.sweeps:
            units += sweep_units(recipe, sweep, grids[sweep.label].values)
            if sweep.extensions and not grids[sweep.label].settled:
                undecided.append(f"{recipe.name}: {sweep.label} may extend its grid by up to {sweep.extensions}")
        for label in recipe.interpolate:
            found = _at_selected_rate(recipe, label, grids[label])
            units += (unit.model_copy(update={"kind": "interpolation"}) for unit in found or ())
            if found is None:
                undecided.append(f"{recipe.name}: interpolation of {label} awaits its learning rate")
        for variation in recipe.variations:
            found = _variation_units(recipe, variation, grids)
            units += found or ()
            if found is None:
                undecided.append(f"{recipe.name} [{variation.name}] awaits the learning rate of {variation.like}")
    return Plan(tuple(dict.fromkeys(units)), tuple(undecided))


def grid(recipe: Recipe, sweep: Sweep, results: Results) -> Grid:
    """A sweep's grid, extended as far as what is finished tells."""
    values, added = list(sweep.learning_rates), list[float]()
    while True:
        found = [results(unit) for unit in sweep_units(recipe, sweep, values)]
        finished = [run for run in found if run is not None]
        if len(finished) < len(found):
            return Grid(tuple(sorted(values)), tuple(sorted(added)), False, None, False)
        best = selected([_trial(run) for run in finished], recipe.criterion)
        if best is None or best.edge is None or not sweep.extensions:
            return Grid(tuple(sorted(values)), tuple(sorted(added)), True, best, False)
        at_end = [value for value in added if (value > max(sweep.learning_rates)) == (best.edge == "high")]
        if len(at_end) >= sweep.extensions:
            return Grid(tuple(sorted(values)), tuple(sorted(added)), True, best, True)
        added.append(extended(values, best.edge))
        values.append(added[-1])


def sweep_units(recipe: Recipe, sweep: Sweep, values: Sequence[float]) -> Iterator[Unit]:
    """A sweep's units, learning rate by learning rate."""
    for value in sorted(values):
        yield from _trainings(recipe, sweep.method, value, sweep.epochs or recipe.epochs)


def _first_units(recipe: Recipe) -> Iterator[Unit]:
    """Linear probes, the description of the data set, the trained probe."""
    if recipe.solves:
        yield from (Unit(kind="probe", recipe=recipe.name, seed=seed) for seed in recipe.seeds)
    yield Unit(kind="description", recipe=recipe.name, seed=recipe.seeds[0])
    if isinstance(recipe.probe, TrainedProbe):
        yield trained_probe_unit(recipe)


def _trainings(recipe: Recipe, method: Method, value: float, epochs: int, condition: str = "") -> Iterator[Unit]:
    for seed in recipe.seeds:
        yield Unit(
            kind="training",
            recipe=recipe.name,
            condition=condition,
            method=method.label,
            learning_rate=value,
            epochs=epochs,
            seed=seed,
        )


def _at_selected_rate(recipe: Recipe, label: str, found: Grid, variation: Variation | None = None) -> list[Unit] | None:
    """A sweep's method, or another in its place, at the selected learning rate; None where that is not known yet."""
    if not found.settled:
        return None
    if found.selected is None:
        return []
    sweep = recipe.sweep(label)
    epochs = sweep.epochs or recipe.epochs
    value = found.selected.best.value
    if variation is None:
        return list(_trainings(recipe, sweep.method, value, epochs))
    value = float(f"{value * variation.rate_factor:.6g}")
    return list(_trainings(recipe, variation.method or sweep.method, value, epochs, variation.name))


def _variation_units(recipe: Recipe, variation: Variation, grids: dict[str, Grid]) -> list[Unit] | None:
    if not variation.name:
        return []
    units: list[Unit] = []
    if variation.pretraining is not None:
        units.append(pretraining_unit(recipe, variation))
        if recipe.solves:
            units += (
                Unit(kind="probe", recipe=recipe.name, condition=variation.name, seed=seed) for seed in recipe.seeds
            )
        units.append(Unit(kind="description", recipe=recipe.name, condition=variation.name, seed=recipe.seeds[0]))
    for label in variation.like:
        found = _at_selected_rate(recipe, label, grids[label], variation)
        if found is None:
            return None
        units += found
    return units


def _trial(run: RunResult) -> Trial:
    """A finished run as selection sees it: its best epoch stands for its history."""
    best = EpochRecord(
        epoch=run.selected_epoch or 0, learning_rate=run.learning_rate, training_loss=None, sets=run.sets, movement={}
    )
    return Trial(run.run, run.learning_rate, run.seed, run.status == "diverged", (best,))
