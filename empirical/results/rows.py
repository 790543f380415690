"""From selected runs to a row of the paper's table."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from empirical.benchmark.plan import Grid
from empirical.records import (
    BenchmarkRow,
    Curve,
    GridPoint,
    Movement,
    NormMode,
    OODAccuracy,
    PenaltyRecord,
    Premises,
    ProbeResult,
    SetMetrics,
)  # fmt: skip
from empirical.selection import Criterion, Point, Selected, estimate, grid_edge, selected_penalty

STILL = Movement(mean_squared=0.0, euclidean=0.0, cosine=0.0, cka=1.0)
ID_TEST, ID_VALIDATION = "id_test", "id_validation"


class Heading(NamedTuple):
    """What the rows of a data set share."""

    dataset: str
    columns: Mapping[str, Sequence[str]]
    premises: Mapping[str, Premises]
    condition: str = ""


class Seed(NamedTuple):
    """One seed of a row: the run, its selected epoch (None for a probe), and what was measured there."""

    run: str
    seed: int
    epoch: int | None
    sets: Mapping[str, SetMetrics]
    movement: Mapping[str, Movement]


def training_row(
    heading: Heading, method: str, norm_mode: NormMode, found: Selected, criterion: Criterion, grid: Grid
) -> BenchmarkRow:
    """A method at its selected learning rate, each seed at its selected epoch."""
    seeds = [
        Seed(one.trial.run, one.trial.seed, one.epoch.epoch, one.epoch.sets, one.epoch.movement)
        for one in found.best.chosen
    ]
    return _row(heading, seeds).model_copy(
        update={
            "method": method,
            "norm_mode": norm_mode,
            "selected_on": criterion.name,
            "learning_rate": found.best.value,
            "grid": [_grid_point(heading, point, grid.added) for point in found.points],
            "grid_edge": found.edge,
            "grid_extended": list(grid.added),
            "grid_limit": grid.limit,
            "diverged_learning_rates": list(found.diverged),
        }
    )


def probe_row(
    heading: Heading, probes: Sequence[tuple[ProbeResult, Sequence[PenaltyRecord]]], criterion: Criterion
) -> BenchmarkRow:
    """Linear probing, whose features do not move and whose penalty each seed selects for itself."""
    chosen = [selected_penalty(path, criterion) for _, path in probes]
    seeds = [
        Seed(probe.run, probe.seed, None, best.sets, dict.fromkeys(best.sets, STILL))
        for (probe, _), best in zip(probes, chosen, strict=True)
    ]
    edges = [
        grid_edge(best.penalty, [step.penalty for step in path]) for best, (_, path) in zip(chosen, probes, strict=True)
    ]
    return _row(heading, seeds).model_copy(
        update={
            "selected_on": criterion.name,
            "penalties": [best.penalty for best in chosen],
            "grid": _penalty_points(heading, probes, criterion),
            "grid_edge": next((edge for edge in edges if edge is not None), None),
        }
    )


def _row(heading: Heading, seeds: Sequence[Seed]) -> BenchmarkRow:
    """What rows have in common; of LP, unless it is changed."""
    id_test = estimate([one.sets[ID_TEST].accuracy for one in seeds])
    per_column = {name: estimate([column(one.sets, sets) for one in seeds]) for name, sets in heading.columns.items()}
    ood = estimate([_mean([column.per_seed[place] for column in per_column.values()]) for place in range(len(seeds))])
    names = [name for name in seeds[0].sets if name not in (ID_TEST, ID_VALIDATION)]
    movement = {name: _mean_movement([one.movement[name] for one in seeds]) for name in seeds[0].movement}
    id_moved = [one.movement[ID_TEST].mean_squared for one in seeds]
    ood_moved = [_mean([_moved(one, sets) for sets in heading.columns.values()]) for one in seeds]
    return BenchmarkRow(
        dataset=heading.dataset,
        condition=heading.condition,
        method="LP",
        norm_mode="eval",
        seeds=[one.seed for one in seeds],
        learning_rate=None,
        grid=[],
        grid_edge=None,
        selected_epochs=[one.epoch for one in seeds if one.epoch is not None],
        diverged_learning_rates=[],
        id_validation_accuracy=_mean([one.sets[ID_VALIDATION].accuracy for one in seeds]),
        id_accuracy=id_test.mean,
        id_ci90=id_test.ci90,
        id_ci90_normal=id_test.ci90_normal,
        id_per_seed=id_test.per_seed,
        id_nll=_mean([one.sets[ID_TEST].nll for one in seeds]),
        id_ece=_mean([one.sets[ID_TEST].ece for one in seeds]),
        ood_accuracy=ood.mean,
        ood_ci90=ood.ci90,
        ood_ci90_normal=ood.ci90_normal,
        ood_per_seed=ood.per_seed,
        per_ood_set={name: _ood(heading, name, [one.sets[name] for one in seeds]) for name in names},
        per_column=per_column,
        id_feature_movement=_mean(id_moved),
        id_feature_movement_per_seed=id_moved,
        ood_feature_movement=_mean(ood_moved),
        ood_feature_movement_per_seed=ood_moved,
        movement=movement,
        runs=[one.run for one in seeds],
    )


def column(sets: Mapping[str, SetMetrics], names: Sequence[str]) -> float:
    """A column's accuracy: the unweighted mean over its sets."""
    return _mean([sets[name].accuracy for name in names])


def curves(heading: Heading, row: BenchmarkRow, found: Selected) -> list[Curve]:
    """Every seed's path along training at the selected learning rate."""
    return [
        Curve(
            run=one.trial.run,
            dataset=heading.dataset,
            condition=heading.condition,
            method=row.method,
            norm_mode=row.norm_mode,
            learning_rate=one.trial.value,
            seed=one.trial.seed,
            epochs=list(one.trial.history),
        )
        for one in found.best.chosen
    ]


def _ood(heading: Heading, name: str, seeds: Sequence[SetMetrics]) -> OODAccuracy:
    found = estimate([one.accuracy for one in seeds])
    unmasked = [one.unmasked.accuracy for one in seeds if one.unmasked is not None]
    return OODAccuracy(
        accuracy=found.mean,
        ci90=found.ci90,
        ci90_normal=found.ci90_normal,
        per_seed=found.per_seed,
        premises=heading.premises.get(name, "unknown"),
        nll=_mean([one.nll for one in seeds]),
        ece=_mean([one.ece for one in seeds]),
        unmasked_accuracy=_mean(unmasked) if unmasked else None,
    )


def _grid_point(heading: Heading, point: Point, added: Sequence[float]) -> GridPoint:
    sets = [one.epoch.sets for one in point.chosen]
    return _point(
        heading, point.value, point.value in added, point.score, sets, [one.trial.run for one in point.chosen]
    )


def _penalty_points(
    heading: Heading, probes: Sequence[tuple[ProbeResult, Sequence[PenaltyRecord]]], criterion: Criterion
) -> list[GridPoint]:
    runs = [probe.run for probe, _ in probes]
    points = []
    for steps in zip(*(path for _, path in probes), strict=True):
        sets = [step.sets for step in steps]
        points.append(_point(heading, steps[0].penalty, False, _mean([criterion(one) for one in sets]), sets, runs))
    return points


def _point(
    heading: Heading, value: float, extension: bool, score: float | None, sets: Sequence[Mapping[str, SetMetrics]],
    runs: list[str],
) -> GridPoint:  # fmt: skip
    """A point of a grid; without sets it diverged."""
    per_column = {name: _mean([column(one, names) for one in sets]) for name, names in heading.columns.items() if sets}
    return GridPoint(
        value=value,
        extension=extension,
        diverged=not sets,
        selection=score,
        id_accuracy=_mean([one[ID_TEST].accuracy for one in sets]) if sets else None,
        ood_accuracy=_mean(list(per_column.values())) if sets else None,
        per_column=per_column,
        runs=runs,
    )


def _moved(seed: Seed, names: Sequence[str]) -> float:
    """A column's movement: the unweighted mean over its sets."""
    return _mean([seed.movement[name].mean_squared for name in names])


def _mean_movement(movements: Sequence[Movement]) -> Movement:
    kernels = [one.cka for one in movements if one.cka is not None]
    return Movement(
        mean_squared=_mean([one.mean_squared for one in movements]),
        euclidean=_mean([one.euclidean for one in movements]),
        cosine=_mean([one.cosine for one in movements]),
        cka=_mean(kernels) if len(kernels) == len(movements) else None,
    )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
