"""From runs to rows: the paper's table for one dataset."""

from collections.abc import Mapping, Sequence
from typing import Literal

from empirical.datasets.digits import OOD_SETS, PREMISES_MET
from empirical.methods import LP
from empirical.records import BenchmarkRow, Curve, EpochRecord, Movement, OODAccuracy, ProbeResult, RunResult
from empirical.selection import Selected, interval

DATASET = "digits"
STILL = Movement(mean_squared=0.0, euclidean=0.0, cosine=0.0)


def probe_row(probes: Sequence[ProbeResult]) -> BenchmarkRow:
    """The row of linear probing, whose features do not move."""
    accuracies = [probe.accuracy for probe in probes]
    edges = [probe.edge for probe in probes if probe.edge is not None]
    return _row(
        method=LP.name,
        norm_mode=LP.norm_mode,
        seeds=[probe.seed for probe in probes],
        learning_rate=None,
        grid_edge=edges[0] if edges else None,
        selected_epochs=[],
        diverged=(),
        accuracies=accuracies,
        movements=[dict.fromkeys(accuracies[0], STILL)] * len(probes),
    )


def benchmark_row(selected: Selected) -> BenchmarkRow:
    """The row of a fine-tuning method at its selected learning rate and epochs."""
    runs = selected.runs
    return _row(
        method=runs[0].method,
        norm_mode=runs[0].norm_mode,
        seeds=[run.seed for run in runs],
        learning_rate=selected.learning_rate,
        grid_edge=selected.edge,
        selected_epochs=[run.selected_epoch for run in runs if run.selected_epoch is not None],
        diverged=selected.diverged,
        accuracies=[run.accuracy for run in runs],
        movements=[run.movement for run in runs],
    )


def curve(run: RunResult, epochs: list[EpochRecord]) -> Curve:
    """A run's path along training."""
    return Curve(
        method=run.method, norm_mode=run.norm_mode, learning_rate=run.learning_rate, seed=run.seed, epochs=epochs
    )


def _row(
    *,
    method: str,
    norm_mode: Literal["train", "eval"],
    seeds: list[int],
    learning_rate: float | None,
    grid_edge: Literal["low", "high"] | None,
    selected_epochs: list[int],
    diverged: tuple[float, ...],
    accuracies: Sequence[Mapping[str, float]],
    movements: Sequence[Mapping[str, Movement]],
) -> BenchmarkRow:
    id_test = [accuracy["id_test"] for accuracy in accuracies]
    ood = [_mean([accuracy[name] for name in PREMISES_MET]) for accuracy in accuracies]
    id_interval, ood_interval = interval(id_test), interval(ood)
    movement = {name: _mean_movement([seed[name] for seed in movements]) for name in movements[0]}
    return BenchmarkRow(
        dataset=DATASET,
        method=method,
        norm_mode=norm_mode,
        seeds=seeds,
        learning_rate=learning_rate,
        grid_edge=grid_edge,
        selected_epochs=selected_epochs,
        diverged_learning_rates=list(diverged),
        id_validation_accuracy=_mean([accuracy["id_validation"] for accuracy in accuracies]),
        id_accuracy=id_interval.mean,
        id_ci90=id_interval.student,
        id_ci90_normal=id_interval.normal,
        id_per_seed=id_test,
        ood_accuracy=ood_interval.mean,
        ood_ci90=ood_interval.student,
        ood_ci90_normal=ood_interval.normal,
        ood_per_seed=ood,
        per_ood_set={
            one.name: _ood_accuracy([accuracy[one.name] for accuracy in accuracies], one.premises) for one in OOD_SETS
        },
        id_feature_movement=movement["id_test"].mean_squared,
        ood_feature_movement=_mean([movement[name].mean_squared for name in PREMISES_MET]),
        movement=movement,
    )


def _ood_accuracy(per_seed: list[float], premises: Literal["met", "near ID"]) -> OODAccuracy:
    mean, student, normal = interval(per_seed)
    return OODAccuracy(accuracy=mean, ci90=student, ci90_normal=normal, per_seed=per_seed, premises=premises)


def _mean_movement(movements: Sequence[Movement]) -> Movement:
    return Movement(
        mean_squared=_mean([movement.mean_squared for movement in movements]),
        euclidean=_mean([movement.euclidean for movement in movements]),
        cosine=_mean([movement.cosine for movement in movements]),
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
