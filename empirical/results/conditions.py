"""Series over circumstances, collected: pretraining lengths and head starts, the main rows' own among them."""

from collections.abc import Sequence

from empirical.benchmark.ledger import Ledger
from empirical.benchmark.plan import Grid
from empirical.benchmark.units import Unit, method_of
from empirical.recipes import Recipe, Variation
from empirical.records import (
    BenchmarkRow,
    Condition,
    Description,
    EpochRecord,
    PretrainingResult,
    ProbeResult,
    TheoryQuantities,
    read_lines,
)  # fmt: skip
from empirical.results.rows import Heading, probe_row, training_row
from empirical.selection import selected

#: Where the provenance of a backbone says how well its pretraining went.
BACKBONE_ACCURACY = "held_out_font_accuracy"


def conditions(
    ledger: Ledger, recipe: Recipe, heading: Heading, rows: Sequence[BenchmarkRow], units: Sequence[Unit]
) -> list[Condition]:
    """Every place of every series whose runs are all finished.

    Args:
      units: everything that is planned for the recipe.
    """
    found = []
    for variation in recipe.variations:
        at = _rows(ledger, recipe, variation, heading, units) if variation.name else _main_rows(variation, rows)
        if at:
            found.append(_condition(ledger, recipe, variation, at))
    return found


def _main_rows(variation: Variation, rows: Sequence[BenchmarkRow]) -> list[BenchmarkRow]:
    with_probe = ("LP (eval)",) if variation.kind == "pretraining" else ()
    wanted = (*with_probe, *variation.like)
    found = [row for row in rows if f"{row.method} ({row.norm_mode})" in wanted]
    return found if len(found) == len(wanted) else []


def _rows(
    ledger: Ledger, recipe: Recipe, variation: Variation, heading: Heading, planned: Sequence[Unit]
) -> list[BenchmarkRow]:
    heading = heading._replace(condition=variation.name)
    units = [unit for unit in planned if unit.condition == variation.name]
    if not units or not all(map(ledger.finished, units)):
        return []
    rows = []
    probes = [unit for unit in units if unit.kind == "probe"]
    if probes:
        paths = [(ledger.result(unit, ProbeResult), ledger.path(unit)) for unit in probes]
        rows.append(probe_row(heading, [(probe, path) for probe, path in paths if probe], recipe.criterion))
    trainings = [unit for unit in units if unit.kind == "training"]
    for label in dict.fromkeys(unit.method for unit in trainings):
        of_method = [unit for unit in trainings if unit.method == label]
        method = method_of(of_method[0], recipe)
        trials = [trial for trial in map(ledger.trial, of_method) if trial is not None]
        best = selected(trials, recipe.criterion)
        if best is not None:
            grid = Grid((best.best.value,), (), True, best, False)
            rows.append(training_row(heading, method.name, method.norm_mode, best, recipe.criterion, grid))
    return [row.model_copy(update={"grid_edge": None}) for row in rows]  # a single rate has no edge


def _condition(ledger: Ledger, recipe: Recipe, variation: Variation, rows: list[BenchmarkRow]) -> Condition:
    pretrained = variation.kind == "pretraining"
    described = _description(ledger, recipe, variation.name if pretrained else "")
    head = (
        "linear_probe" if pretrained else variation.name or ("random" if _random(recipe, variation) else "linear_probe")
    )
    return Condition(
        dataset=recipe.name,
        kind=variation.kind,
        name=variation.name,
        label=variation.label,
        value=variation.value,
        backbone_accuracy=_backbone_accuracy(ledger, recipe, variation, described) if pretrained else None,
        head_accuracy=None if pretrained else _head_accuracy(ledger, recipe, variation, rows[0]),
        quantities=_quantities(described, head),
        rows=rows,
    )


def _random(recipe: Recipe, variation: Variation) -> bool:
    method = variation.method or recipe.sweep(variation.like[0]).method
    return method.head_start == "random"


def _description(ledger: Ledger, recipe: Recipe, condition: str) -> Description | None:
    unit = Unit(kind="description", recipe=recipe.name, condition=condition, seed=recipe.seeds[0])
    return ledger.result(unit, Description)


def _quantities(described: Description | None, head: str) -> TheoryQuantities | None:
    found = () if described is None else described.quantities
    return next((one for one in found if one.head == head), None)


def _backbone_accuracy(
    ledger: Ledger, recipe: Recipe, variation: Variation, described: Description | None
) -> float | None:
    provenance = {} if described is None else described.backbone
    if variation.name:
        unit = Unit(kind="pretraining", recipe=recipe.name, condition=variation.name)
        made = ledger.result(unit, PretrainingResult)
        provenance = provenance if made is None else made.provenance
    return provenance.get(BACKBONE_ACCURACY)


def _head_accuracy(ledger: Ledger, recipe: Recipe, variation: Variation, row: BenchmarkRow) -> float:
    """Mean over seeds of the accuracy before the first step: of the head that training starts from."""
    folder = ledger.folder
    first = [read_lines(folder / run / "metrics.jsonl", EpochRecord)[0] for run in row.runs]
    return sum(recipe.criterion(record.sets) for record in first) / len(first)
