"""Conditions, collected as series: pretraining lengths and head starts, the main rows among them."""

from collections.abc import Sequence

from empirical.benchmark.ledger import Ledger
from empirical.benchmark.plan import Grid
from empirical.benchmark.units import Unit, description_unit, probe_units
from empirical.recipes import OF_HEADS, Condition, Recipe
from empirical.records import (
    METRICS_FILE,
    BenchmarkRow,
    ConditionRecord,
    Description,
    EpochRecord,
    TheoryQuantities,
    read_lines,
)
from empirical.results.rows import Heading, probe_row, training_row
from empirical.selection import Trial, selected, tie_rule

#: Where the provenance of a backbone says how well its pretraining went.
BACKBONE_ACCURACY = "held_out_font_accuracy"


def conditions(
    ledger: Ledger, recipe: Recipe, heading: Heading, rows: Sequence[BenchmarkRow], units: Sequence[Unit]
) -> list[ConditionRecord]:
    """Every condition whose runs are all finished.

    Args:
      units: everything that is planned for the recipe.
    """
    records = []
    for condition in recipe.conditions:
        own = _rows(ledger, recipe, condition, heading, units) if condition.name else _main_rows(condition, rows)
        if own:
            records.append(_record(ledger, recipe, condition, own))
    return records


def probe_trials(ledger: Ledger, recipe: Recipe, condition: Condition | None = None) -> list[Trial]:
    """A probe a seed, the same one for all where nothing is drawn; none where one is missing.

    Args:
      condition: None: the main rows.
    """
    units = probe_units(recipe, condition)
    seeds = (condition and condition.seeds) or recipe.seeds
    trials = [trial for trial in map(ledger.trial, units) if trial is not None]
    if not units or len(trials) < len(units):
        return []
    if len(units) < len(seeds):
        return [trials[0]._replace(seed=seed) for seed in seeds]
    return trials


def _main_rows(condition: Condition, rows: Sequence[BenchmarkRow]) -> list[BenchmarkRow]:
    with_probe = () if condition.kind in OF_HEADS else ("LP (eval)",)
    wanted = (*with_probe, *condition.like)
    own = [row for row in rows if row.label in wanted]
    return own if len(own) == len(wanted) else []


def _rows(
    ledger: Ledger, recipe: Recipe, condition: Condition, heading: Heading, planned: Sequence[Unit]
) -> list[BenchmarkRow]:
    heading = heading._replace(condition=condition.name)
    units = [unit for unit in planned if unit.condition == condition.name]
    if not units or not all(map(ledger.finished, units)):
        return []
    rows = []
    probes = probe_trials(ledger, recipe, condition) if condition.changes_features else []
    if probes:
        rows.append(probe_row(heading, probes, recipe.criterion))
    trainings = [unit for unit in units if unit.kind == "training"]
    for label in dict.fromkeys(unit.method for unit in trainings):
        of_method = [unit for unit in trainings if unit.method == label]
        method = ledger.run(of_method[0]).method
        trials = [trial for trial in map(ledger.trial, of_method) if trial is not None]
        best = selected(trials, recipe.criterion, ties=tie_rule(recipe.protocol))
        if best is not None:
            grid = Grid(tuple(point.value for point in best.points), (), True, best, False)
            rows.append(training_row(heading, method.name, method.norm_mode, best, recipe.criterion, grid))
    return rows


def _record(ledger: Ledger, recipe: Recipe, condition: Condition, rows: list[BenchmarkRow]) -> ConditionRecord:
    other_features, other_head = condition.kind not in OF_HEADS, condition.kind in OF_HEADS
    described = ledger.result(description_unit(recipe, condition.name if other_features else ""), Description)
    head = "linear_probe"
    if other_head:
        head = condition.name or ("random" if _random(recipe, condition) else head)
    return ConditionRecord(
        dataset=recipe.name,
        kind=condition.kind,
        name=condition.name,
        label=condition.label,
        value=condition.value,
        backbone_accuracy=_backbone_accuracy(described) if other_features else None,
        head_accuracy=_head_accuracy(ledger, recipe, rows[0]) if other_head else None,
        quantities=_quantities(described, head),
        sets=[] if described is None or not other_features else described.sets,
        rows=rows,
    )


def _random(recipe: Recipe, condition: Condition) -> bool:
    method = condition.method or recipe.sweep(condition.like[0]).method
    return method.head_start == "random"


def _quantities(described: Description | None, head: str) -> TheoryQuantities | None:
    quantities = () if described is None else described.quantities
    return next((quantity for quantity in quantities if quantity.head == head), None)


def _backbone_accuracy(described: Description | None) -> float | None:
    provenance = {} if described is None else described.backbone
    return provenance.get(BACKBONE_ACCURACY)


def _head_accuracy(ledger: Ledger, recipe: Recipe, row: BenchmarkRow) -> float:
    """Mean over seeds of the accuracy before the first step: of the head that training starts from."""
    folder = ledger.workspace.folder
    first = [read_lines(folder / run / METRICS_FILE, EpochRecord)[0] for run in row.runs]
    return sum(recipe.criterion(record.sets) for record in first) / len(first)
