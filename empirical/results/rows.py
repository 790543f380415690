"""From selected runs to a row of the paper's table."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from empirical.benchmark.plan import Grid
from empirical.intervals import estimate
from empirical.records import (
    BenchmarkRow,
    Curve,
    Edge,
    EpochRecord,
    GridPoint,
    Movement,
    NormMode,
    OODAccuracy,
    Premises,
    SelectionRule,
    SetMetrics,
)
from empirical.selection import Candidate, Chosen, Criterion, Selected, Trial, chosen, grid_edge

ID_TEST, ID_VALIDATION = "id_test", "id_validation"


class Heading(NamedTuple):
    """What the rows of a data set share."""

    dataset: str
    columns: Mapping[str, Sequence[str]]
    premises: Mapping[str, Premises]
    condition: str = ""


class Choice(NamedTuple):
    """What selection chose of a method, and from what.

    Attributes:
      runs: one a seed, where each was selected.
      learning_rate: None for LP, whose grid is one of penalties.
      edge: the end of the grid at which the chosen value lies.
    """

    method: str
    norm_mode: NormMode
    criterion: Criterion
    runs: Sequence[Chosen]
    learning_rate: float | None
    penalties: Sequence[float]
    points: Sequence[GridPoint]
    edge: Edge | None
    added: Sequence[float] = ()
    limit: bool = False
    diverged: Sequence[float] = ()
    rule: SelectionRule = "best"


def training_row(
    heading: Heading,
    method: str,
    norm_mode: NormMode,
    selected: Selected,
    criterion: Criterion,
    grid: Grid,
    *,
    rule: SelectionRule = "best",
) -> BenchmarkRow:
    """A method at its selected learning rate, each seed at its selected epoch.

    Args:
      selected: at least one learning rate did not diverge.
      criterion: that `selected` was chosen by.
      grid: the sweep's, for what was added to it and whether it may go on.
      rule: by which `selected` was chosen.
    """
    return _row(
        heading,
        Choice(
            method=method,
            norm_mode=norm_mode,
            criterion=criterion,
            runs=selected.best.chosen,
            learning_rate=selected.best.value,
            penalties=(),
            points=[_candidate_point(heading, candidate, grid.added) for candidate in selected.points],
            edge=selected.edge,
            added=grid.added,
            limit=grid.limit,
            diverged=selected.diverged,
            rule=rule,
        ),
    )


def probe_row(heading: Heading, probes: Sequence[Trial], criterion: Criterion) -> BenchmarkRow:
    """Linear probing, whose features do not move and whose penalty each seed selects for itself.

    Args:
      probes: one a seed, each with its whole path of penalties.
      criterion: that the penalty is chosen by.
    """
    runs = [chosen(probe, criterion) for probe in probes]
    penalties = [run.record.penalty for run in runs if not isinstance(run.record, EpochRecord)]
    paths = [[r.penalty for r in probe.history if not isinstance(r, EpochRecord)] for probe in probes]
    edges: list[Edge | None] = [grid_edge(penalty, path) for penalty, path in zip(penalties, paths, strict=True)]
    return _row(
        heading,
        Choice(
            method="LP",
            norm_mode="eval",
            criterion=criterion,
            runs=runs,
            learning_rate=None,
            penalties=penalties,
            points=_penalty_points(heading, probes, paths[0], criterion),
            edge=next((edge for edge in edges if edge is not None), None),
        ),
    )


def _row(heading: Heading, choice: Choice) -> BenchmarkRow:
    runs = choice.runs
    sets = [run.record.sets for run in runs]
    moved = [run.record.movement for run in runs]
    id_test = estimate([measured[ID_TEST].accuracy for measured in sets])
    per_column = {
        name: estimate([column(measured, names) for measured in sets]) for name, names in heading.columns.items()
    }
    per_seed = zip(*(estimated.per_seed for estimated in per_column.values()), strict=True)
    ood = estimate([_mean(columns) for columns in per_seed])
    ood_sets = [name for name in sets[0] if name not in (ID_TEST, ID_VALIDATION)]
    id_moved = [movement[ID_TEST].mean_squared for movement in moved]
    ood_moved = [_mean([_moved(movement, names) for names in heading.columns.values()]) for movement in moved]
    return BenchmarkRow(
        dataset=heading.dataset,
        condition=heading.condition,
        method=choice.method,
        norm_mode=choice.norm_mode,
        seeds=[run.trial.seed for run in runs],
        selected_on=choice.criterion.name,
        rule=choice.rule,
        learning_rate=choice.learning_rate,
        penalties=list(choice.penalties),
        grid=list(choice.points),
        # A condition takes over what was selected elsewhere, so its own grid has no edge.
        grid_edge=None if heading.condition else choice.edge,
        grid_extended=list(choice.added),
        grid_limit=choice.limit,
        selected_epochs=[run.record.epoch for run in runs if isinstance(run.record, EpochRecord)],
        diverged_learning_rates=list(choice.diverged),
        id_validation_accuracy=_mean([measured[ID_VALIDATION].accuracy for measured in sets]),
        id_accuracy=id_test.mean,
        id_ci90=id_test.ci90,
        id_ci90_normal=id_test.ci90_normal,
        id_per_seed=id_test.per_seed,
        id_nll=_mean([measured[ID_TEST].nll for measured in sets]),
        id_ece=_mean([measured[ID_TEST].ece for measured in sets]),
        ood_accuracy=ood.mean,
        ood_ci90=ood.ci90,
        ood_ci90_normal=ood.ci90_normal,
        ood_per_seed=ood.per_seed,
        per_ood_set={name: _ood(heading, name, [measured[name] for measured in sets]) for name in ood_sets},
        per_column=per_column,
        id_feature_movement=_mean(id_moved),
        id_feature_movement_per_seed=id_moved,
        ood_feature_movement=_mean(ood_moved),
        ood_feature_movement_per_seed=ood_moved,
        movement={name: _mean_movement([movement[name] for movement in moved]) for name in moved[0]},
        runs=[run.trial.run for run in runs],
    )


def column(sets: Mapping[str, SetMetrics], names: Sequence[str]) -> float:
    """A column's accuracy: the unweighted mean over its sets."""
    return _mean([sets[name].accuracy for name in names])


def curves(heading: Heading, row: BenchmarkRow, trials: Sequence[Trial]) -> list[Curve]:
    """Paths along training.

    Args:
      row: the method's, for its name and norm mode.
    """
    return [
        Curve(
            run=trial.run,
            dataset=heading.dataset,
            condition=heading.condition,
            method=row.method,
            norm_mode=row.norm_mode,
            learning_rate=trial.value,
            seed=trial.seed,
            epochs=[record for record in trial.history if isinstance(record, EpochRecord)],
        )
        for trial in trials
    ]


def _ood(heading: Heading, name: str, seeds: Sequence[SetMetrics]) -> OODAccuracy:
    estimated = estimate([metrics.accuracy for metrics in seeds])
    unmasked = [metrics.unmasked.accuracy for metrics in seeds if metrics.unmasked is not None]
    return OODAccuracy(
        accuracy=estimated.mean,
        ci90=estimated.ci90,
        ci90_normal=estimated.ci90_normal,
        per_seed=estimated.per_seed,
        premises=heading.premises.get(name, "unknown"),
        nll=_mean([metrics.nll for metrics in seeds]),
        ece=_mean([metrics.ece for metrics in seeds]),
        unmasked_accuracy=_mean(unmasked) if unmasked else None,
    )


def _candidate_point(heading: Heading, candidate: Candidate, added: Sequence[float]) -> GridPoint:
    sets = [run.record.sets for run in candidate.chosen]
    runs = [run.trial.run for run in candidate.chosen]
    return _point(heading, candidate.value, candidate.value in added, candidate.score, sets, runs)


def _penalty_points(
    heading: Heading, probes: Sequence[Trial], penalties: Sequence[float], criterion: Criterion
) -> list[GridPoint]:
    runs = [probe.run for probe in probes]
    points = []
    for penalty, steps in zip(penalties, zip(*(probe.history for probe in probes), strict=True), strict=True):
        sets = [step.sets for step in steps]
        points.append(_point(heading, penalty, False, _mean([criterion(measured) for measured in sets]), sets, runs))
    return points


def _point(
    heading: Heading, value: float, extension: bool, score: float | None, sets: Sequence[Mapping[str, SetMetrics]],
    runs: list[str],
) -> GridPoint:  # fmt: skip
    """A point of a grid; without sets it diverged."""
    per_column = {
        name: _mean([column(measured, names) for measured in sets]) for name, names in heading.columns.items() if sets
    }
    return GridPoint(
        value=value,
        extension=extension,
        diverged=not sets,
        selection=score,
        id_accuracy=_mean([measured[ID_TEST].accuracy for measured in sets]) if sets else None,
        ood_accuracy=_mean(list(per_column.values())) if sets else None,
        per_column=per_column,
        runs=runs,
    )


def _moved(movement: Mapping[str, Movement], names: Sequence[str]) -> float:
    """A column's movement: the unweighted mean over its sets."""
    return _mean([movement[name].mean_squared for name in names])


def _mean_movement(movements: Sequence[Movement]) -> Movement:
    kernels = [movement.cka for movement in movements if movement.cka is not None]
    return Movement(
        mean_squared=_mean([movement.mean_squared for movement in movements]),
        euclidean=_mean([movement.euclidean for movement in movements]),
        cosine=_mean([movement.cosine for movement in movements]),
        cka=_mean(kernels) if len(kernels) == len(movements) else None,
    )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
