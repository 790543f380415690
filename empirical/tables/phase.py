"""The measured phase diagram: who wins on every OOD set in every network, beside what was measured beforehand."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from empirical.intervals import estimate
from empirical.records import PAPER_METHODS, Benchmark, BenchmarkRow, ConditionRecord, SetDescription
from empirical.tables.cells import NOTHING, percent, points
from empirical.tables.table import Table

WITH_PROBE, TUNED, BOTH = ((method, PAPER_METHODS[method]) for method in ("LP", "FT", "LP-FT"))


class PhasePoint(NamedTuple):
    """One OOD set in one network.

    Attributes:
      lead: accuracy of LP less FT's, seed by seed.
      energy: feature energy outside the span of ID features, as a multiple of ID test images'.
      shared: accuracy of a head that has seen all looks.
    """

    condition: ConditionRecord
    described: SetDescription
    accuracies: tuple[float, ...]
    lead: list[float]
    energy: float
    shared: float | None


def phase_points(benchmark: Benchmark) -> list[PhasePoint]:
    """Every network of the series over pretraining, on every OOD set that is described for it."""
    phases = []
    for condition in benchmark.conditions:
        rows = {(row.method, row.norm_mode): row for row in condition.rows}
        if condition.kind != "pretraining" or not {WITH_PROBE, TUNED} <= rows.keys():
            continue
        for described in condition.sets:
            probed, tuned = (_per_seed(rows[method], described.name) for method in (WITH_PROBE, TUNED))
            shown = [rows[method] for method in (WITH_PROBE, TUNED, BOTH) if method in rows]
            phases.append(
                PhasePoint(
                    condition=condition,
                    described=described,
                    accuracies=tuple(row.per_ood_set[described.name].accuracy for row in shown),
                    lead=[of_probe - of_tuned for of_probe, of_tuned in zip(probed, tuned, strict=True)],
                    energy=described.feature_energy_outside / described.id_energy_outside,
                    shared=described.shared_head_accuracy,
                )
            )
    return phases


def phase(benchmark: Benchmark) -> Table:
    """LP against FT over networks and OOD sets, with rank correlations against the premises in the notes."""
    every = phase_points(benchmark)
    rows = [
        (point.condition.dataset, point.condition.label, point.described.name, f"{point.energy:.2f}",
         NOTHING if point.shared is None else percent(point.shared),
         *(percent(value) for value in (*point.accuracies, None)[:3]), points(estimate(point.lead)))
        for point in every
    ]  # fmt: skip
    leads = [sum(point.lead) / len(point.lead) for point in every]
    notes = ["Energy: outside the span of ID features, in multiples of ID test images'."]
    for words, values in (("energy outside", [point.energy for point in every]),
                          ("the shared head", [point.shared for point in every])):  # fmt: skip
        rho = _rank_correlation(values, leads)
        notes += [] if rho is None else [f"Spearman's rho of LP less FT with {words}: {rho:+.2f}."]
    return Table(
        name="phase",
        title="Who wins out of distribution, by network and set",
        header=("data set", "network", "OOD set", "energy", "shared head", "LP", "FT", "LP-FT", "LP less FT"),
        rows=tuple(rows),
        notes=tuple(notes),
    )


def _per_seed(row: BenchmarkRow, name: str) -> list[float]:
    return row.per_ood_set[name].per_seed


def _rank_correlation(values: Sequence[float | None], leads: list[float]) -> float | None:
    """None where fewer than three points have a value, or all have the same."""
    from scipy.stats import spearmanr  # a second, which only this table needs

    pairs = [(value, lead) for value, lead in zip(values, leads, strict=True) if value is not None]
    if len(pairs) < 3 or any(len(set(side)) < 2 for side in zip(*pairs, strict=True)):
        return None
    known, led = zip(*pairs, strict=True)
    correlation: Any = spearmanr(known, led)
    rho = float(correlation.statistic)
    return rho if math.isfinite(rho) else None
