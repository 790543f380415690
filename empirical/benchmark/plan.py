"""Which units a suite consists of. The plan grows with what is finished: grids extend, series take selected rates."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from empirical.benchmark.suite import Suite
from empirical.benchmark.units import Kind, Unit, description_unit, pretraining_unit, probe_units, trained_probe_unit
from empirical.methods import Method
from empirical.recipes import Condition, Recipe, Sweep, TrainedProbe
from empirical.records import EpochRecord, RunResult
from empirical.selection import Selected, Trial, extended, selected, tie_rule

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
        for further in _further(recipe):
            selected_runs = _at_selected_rate(recipe, further.label, grids[further.label])
            units += (
                unit.model_copy(update={"kind": further.kind})
                for unit in selected_runs or ()
                if unit.seed in further.seeds
            )
            if selected_runs is None:
                undecided.append(f"{recipe.name}: {further.kind} of {further.label} awaits its learning rate")
        for condition in recipe.conditions:
            known, complete = _condition_units(recipe, condition, grids)
            units += known
            if not complete:
                awaited = ", ".join(condition.like)
                undecided.append(f"{recipe.name} [{condition.name}] awaits the learning rate of {awaited}")
    return Plan(tuple(dict.fromkeys(units)), tuple(undecided))


class _Further(NamedTuple):
    """What is asked of a sweep's selected runs, and of which seeds."""

    kind: Kind
    label: str
    seeds: tuple[int, ...]


def _further(recipe: Recipe) -> Iterator[_Further]:
    if recipe.watched:
        for sweep in recipe.sweeps:
            yield _Further("curve", sweep.label, recipe.watched)
    for label in recipe.interpolate:
        yield _Further("interpolation", label, recipe.watched or recipe.seeds)
    for label in recipe.refit:
        yield _Further("refitting", label, recipe.seeds)


def grid(recipe: Recipe, sweep: Sweep, results: Results) -> Grid:
    """A sweep's grid, extended as far as what is finished tells.

    Only an end that is better than the value next to it asks for more: where both are equally good, as where a method
    stays at its start at both, a further value would tell as little.

    Args:
      results: a unit's finished run; None where it is not finished.
    """
    values, added = list(sweep.learning_rates), list[float]()
    while True:
        asked = [results(unit) for unit in sweep_units(recipe, sweep, values)]
        finished = [run for run in asked if run is not None]
        if len(finished) < len(asked):
            return Grid(tuple(sorted(values)), tuple(sorted(added)), False, None, False)
        best = selected([_trial(run) for run in finished], recipe.criterion, ties=tie_rule(recipe.protocol))
        if best is None or best.edge is None or not sweep.extensions or not best.climbs:
            return Grid(tuple(sorted(values)), tuple(sorted(added)), True, best, False)
        at_end = [value for value in added if (value > max(sweep.learning_rates)) == (best.edge == "high")]
        if len(at_end) >= sweep.extensions:
            return Grid(tuple(sorted(values)), tuple(sorted(added)), True, best, True)
        added.append(extended(values, best.edge))
        values.append(added[-1])


def sweep_units(recipe: Recipe, sweep: Sweep, values: Sequence[float]) -> Iterator[Unit]:
    """A sweep's units, learning rate by learning rate.

    Args:
      values: learning rates.
    """
    for value in sorted(values):
        yield from _trainings(recipe, sweep.method, value, sweep.epochs or recipe.epochs)


def _first_units(recipe: Recipe) -> Iterator[Unit]:
    """Networks that are pretrained here, linear probes, the description of the data set, the trained probe."""
    yield from _pretrainings(recipe, None, recipe.seeds)
    yield from probe_units(recipe)
    yield description_unit(recipe)
    if isinstance(recipe.probe, TrainedProbe):
        yield trained_probe_unit(recipe)


def _pretrainings(recipe: Recipe, condition: Condition | None, seeds: Sequence[int]) -> Iterator[Unit]:
    units = (pretraining_unit(recipe, condition, seed) for seed in seeds)
    yield from dict.fromkeys(unit for unit in units if unit is not None)


def _trainings(
    recipe: Recipe, method: Method, value: float, epochs: int, condition: Condition | None = None
) -> Iterator[Unit]:
    seeds = None if condition is None else condition.seeds
    for seed in seeds or recipe.seeds:
        yield Unit(
            kind="training",
            recipe=recipe.name,
            condition="" if condition is None else condition.name,
            method=method.label,
            learning_rate=value,
            epochs=epochs,
            seed=seed,
        )


def _at_selected_rate(recipe: Recipe, label: str, grid: Grid, condition: Condition | None = None) -> list[Unit] | None:
    """A sweep's method, or another in its place, at the selected learning rate; None where that is not known yet."""
    if not grid.settled:
        return None
    if grid.selected is None:
        return []
    sweep = recipe.sweep(label)
    epochs = sweep.epochs or recipe.epochs
    value = grid.selected.best.value
    if condition is None:
        return list(_trainings(recipe, sweep.method, value, epochs))
    value = float(f"{value * condition.rate_factor:.6g}")
    return list(_trainings(recipe, condition.method or sweep.method, value, epochs, condition))


def _on_own_grid(recipe: Recipe, label: str, condition: Condition) -> list[Unit]:
    """A sweep's method, or another in its place, on the condition's own learning rates."""
    sweep = recipe.sweep(label)
    epochs, method = sweep.epochs or recipe.epochs, condition.method or sweep.method
    return [unit for value in condition.learning_rates for unit in _trainings(recipe, method, value, epochs, condition)]


def _condition_units(recipe: Recipe, condition: Condition, grids: dict[str, Grid]) -> tuple[list[Unit], bool]:
    """What can be named of a condition's runs, and whether that is all; the main rows have theirs already."""
    units: list[Unit] = []
    if not condition.name:
        return units, True
    if condition.learning_rates:
        trainings: list[list[Unit] | None] = [_on_own_grid(recipe, label, condition) for label in condition.like]
    else:
        trainings = [_at_selected_rate(recipe, label, grids[label], condition) for label in condition.like]
    if any(part is None for part in trainings):
        return units, False
    if condition.changes_features:
        units += _pretrainings(recipe, condition, condition.seeds or recipe.seeds)
        units += probe_units(recipe, condition)
        units.append(description_unit(recipe, condition.name))
    return [*units, *(unit for part in trainings for unit in part or ())], True


def _trial(run: RunResult) -> Trial:
    """A finished run as selection sees it: its best epoch stands for its history."""
    best = EpochRecord(
        epoch=run.selected_epoch or 0, learning_rate=run.learning_rate, training_loss=None, sets=run.sets, movement={}
    )
    return Trial(run.run, run.learning_rate, run.seed, run.status == "diverged", (best,))
