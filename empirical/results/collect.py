"""The finished part of a suite as one document. What is missing is named, never guessed at."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from empirical.benchmark.columns import columns, premises, titles
from empirical.benchmark.ledger import Ledger, collector_at_rest
from empirical.benchmark.origins import mixed, notes
from empirical.benchmark.plan import Grid, grid, plan, sweep_units
from empirical.benchmark.units import Unit, description_unit
from empirical.datasets.catalogue import catalogued
from empirical.recipes import Recipe, Sweep, published
from empirical.records import (
    ID_COLUMNS,
    Benchmark,
    BenchmarkRow,
    ConditionRecord,
    Curve,
    DatasetRecord,
    Description,
    Interpolation,
    PairedDifference,
    Refitting,
    SetAside,
)
from empirical.results.answers import answer
from empirical.results.conditions import conditions, probe_trials
from empirical.results.paired import differences
from empirical.results.rows import Heading, curves, probe_row, training_row
from empirical.selection import Criterion, Selected, Trial, chosen, oracle, selected, selected_within_error, tie_rule


def collect(ledger: Ledger, *, set_aside: Sequence[SetAside] = ()) -> Benchmark:
    """Everything that the folder's finished runs say."""
    with collector_at_rest():
        return _collected(ledger, set_aside)


def _collected(ledger: Ledger, set_aside: Sequence[SetAside]) -> Benchmark:
    planned = plan(ledger.suite, ledger.training)
    ledger.refuse(mixed(ledger.origins(planned.units), own_network=lambda unit: _own_network(ledger, unit)))
    if ledger.refused:  # what is undecided now
        planned = plan(ledger.suite, ledger.training)
    units: dict[str, list[Unit]] = {recipe.name: [] for recipe in ledger.suite.recipes}
    for unit in planned.units:
        units[unit.recipe].append(unit)
    parts = [_part(ledger, recipe, units[recipe.name]) for recipe in ledger.suite.recipes]
    present = [part for part in parts if part is not None]
    unfinished = (unit for unit in planned.units if not ledger.finished(unit) and unit not in ledger.refused)
    missing = [str(unit) for unit in unfinished]
    missing += [f"{unit} (damaged)" for unit in ledger.damaged]
    missing += [f"{unit} (refused: {why})" for unit, why in ledger.refused.items()]
    return Benchmark(
        suite=ledger.suite.name,
        datasets=[part.dataset for part in present],
        answers=[said for part in present if (said := answer(part.dataset, part.rows)) is not None],
        rows=[row for part in present for row in part.rows],
        careful_rows=[row for part in present for row in part.careful_rows],
        differences=[difference for part in present for difference in part.differences],
        oracle_rows=[row for part in present for row in part.oracle_rows],
        curves=[curve for part in present for curve in part.curves],
        sets=[described for part in present for described in part.description.sets],
        interpolations=[interpolation for part in present for interpolation in part.interpolations],
        refittings=[refitting for part in present for refitting in part.refittings],
        conditions=[condition for part in present for condition in part.conditions],
        quantities=[quantity for part in present for quantity in part.description.quantities],
        published=published() if any(_published(recipe) for recipe in ledger.suite.recipes) else [],
        missing=[*missing, *planned.undecided],
        set_aside=list(set_aside),
        notes=notes(ledger.origins(planned.units)),
    )


def _own_network(ledger: Ledger, unit: Unit) -> bool:
    pretraining = ledger.run(unit).pretraining
    return pretraining is not None and pretraining.unit.seed is not None


class _Part(NamedTuple):
    """One recipe's share of the document."""

    dataset: DatasetRecord
    description: Description
    rows: list[BenchmarkRow]
    careful_rows: list[BenchmarkRow]
    differences: list[PairedDifference]
    oracle_rows: list[BenchmarkRow]
    curves: list[Curve]
    interpolations: list[Interpolation]
    refittings: list[Refitting]
    conditions: list[ConditionRecord]


def _part(ledger: Ledger, recipe: Recipe, units: Sequence[Unit]) -> _Part | None:
    """None where nothing but the recipe is known of the data set."""
    described = ledger.result(description_unit(recipe), Description)
    if described is None:
        return None
    ood = [name for name in described.sizes if not name.startswith("id_")]
    source = catalogued(recipe.family)
    heading = Heading(recipe.name, columns(recipe, source, ood), premises(source))
    ties = tie_rule(recipe.protocol)
    criteria = [oracle(name, sets) for name, sets in heading.columns.items()]
    probes = probe_trials(ledger, recipe)
    rows: list[BenchmarkRow] = []
    careful_rows: list[BenchmarkRow] = []
    oracle_rows: list[BenchmarkRow] = []
    found_curves: list[Curve] = []
    if probes:
        rows.append(probe_row(heading, probes, recipe.criterion))
        oracle_rows += [probe_row(heading, probes, criterion) for criterion in criteria]
    for sweep in recipe.sweeps:
        state = grid(recipe, sweep, ledger.training)
        trials = _trials(ledger, recipe, sweep, state)
        main = selected(trials, recipe.criterion, ties=ties) if trials else None
        if main is None:
            continue
        method = sweep.method
        rows.append(training_row(heading, method.name, method.norm_mode, main, recipe.criterion, state))
        careful = selected_within_error(trials, recipe.criterion, ties=ties)
        if careful is not None:
            careful_rows.append(
                training_row(
                    heading, method.name, method.norm_mode, careful, recipe.criterion, state, rule="one standard error"
                )
            )
        found_curves += curves(heading, rows[-1], _followed(ledger, recipe, sweep, main))
        # Where other epochs were not judged on OOD sets, an oracle chooses among learning rates alone.
        everywhere = recipe.evaluate == "every_epoch"
        judged = trials if everywhere else [_at_selected_epoch(trial, recipe.criterion) for trial in trials]
        for criterion in criteria:
            best = selected(judged, criterion, ties=ties)
            if best is not None:
                oracle_rows.append(training_row(heading, method.name, method.norm_mode, best, criterion, state))
    found_conditions = conditions(ledger, recipe, heading, rows, units)
    averaged = [name for sets in heading.columns.values() for name in sets]
    return _Part(
        dataset=_dataset(recipe, described, heading),
        description=described,
        rows=rows,
        careful_rows=careful_rows,
        differences=differences(rows, careful_rows, described.sets, averaged, found_conditions),
        oracle_rows=oracle_rows,
        curves=found_curves,
        interpolations=list(_interpolations(ledger, units)),
        refittings=list(_refittings(ledger, units)),
        conditions=found_conditions,
    )


def _trials(ledger: Ledger, recipe: Recipe, sweep: Sweep, state: Grid) -> list[Trial]:
    """The runs of a settled grid, to select from on any criterion; none where runs are missing."""
    if not state.settled:
        return []
    read = [ledger.trial(unit) for unit in sweep_units(recipe, sweep, state.values)]
    return [trial for trial in read if trial is not None]


def _followed(ledger: Ledger, recipe: Recipe, sweep: Sweep, main: Selected) -> list[Trial]:
    """Runs at the selected learning rate in which every set was judged after every epoch."""
    if recipe.evaluate == "every_epoch":
        return [run.trial for run in main.best.chosen]
    units = sweep_units(recipe, sweep, [main.best.value])
    read = [ledger.trial(unit.model_copy(update={"kind": "curve"})) for unit in units if unit.seed in recipe.watched]
    return [trial for trial in read if trial is not None]


def _at_selected_epoch(trial: Trial, criterion: Criterion) -> Trial:
    return trial if trial.diverged else trial._replace(history=(chosen(trial, criterion).record,))


def _interpolations(ledger: Ledger, units: Sequence[Unit]) -> Iterator[Interpolation]:
    for unit in units:
        interpolation = ledger.result(unit, Interpolation) if unit.kind == "interpolation" else None
        if interpolation is not None:
            yield interpolation


def _refittings(ledger: Ledger, units: Sequence[Unit]) -> Iterator[Refitting]:
    for unit in units:
        refitting = ledger.result(unit, Refitting) if unit.kind == "refitting" else None
        if refitting is not None:
            yield refitting


def _dataset(recipe: Recipe, described: Description, heading: Heading) -> DatasetRecord:
    return DatasetRecord(
        name=recipe.name,
        title=recipe.title,
        family=recipe.family,
        protocol=recipe.protocol.name,
        miniature=described.miniature,
        classes=described.classes,
        sizes=described.sizes,
        columns={name: list(sets) for name, sets in heading.columns.items()},
        titles=titles(recipe, catalogued(recipe.family), list(heading.columns)),
        backbone=described.backbone,
        fingerprint=described.fingerprint,
        recipe=recipe.model_dump(mode="json"),
        id_shared_head_accuracy=described.id_shared_head_accuracy,
    )


def _published(recipe: Recipe) -> bool:
    """Whether the paper has numbers for the recipe's data."""
    return recipe.family in ID_COLUMNS
