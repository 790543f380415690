"""Which epoch, which learning rate, and how sure: ID validation accuracy decides, OOD accuracy never does.

Source: protocol section 6. Within a run the first epoch of highest ID validation accuracy; across runs the learning
rate of highest mean over seeds, the smaller on ties. A learning rate at which a seed diverged is not a candidate.
"""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from scipy import stats

from empirical.records import EpochRecord, RunResult

SELECTION_SET = "id_validation"
NORMAL_90 = 1.645  # as printed in the paper's code
Edge = Literal["low", "high"]


class Interval(NamedTuple):
    """A mean over seeds and two half widths at 90 %; they are None where there is one seed."""

    mean: float
    student: float | None
    normal: float | None


class Selected(NamedTuple):
    """The runs at the selected learning rate, one a seed in ascending order."""

    learning_rate: float
    edge: Edge | None
    runs: tuple[RunResult, ...]
    diverged: tuple[float, ...]


def selected_epoch(history: Sequence[EpochRecord]) -> EpochRecord:
    """The first epoch of highest ID validation accuracy; the state before training is no candidate.

    Raises:
      ValueError: no epoch was completed.
    """
    trained = [record for record in history if record.epoch > 0]
    if not trained:
        raise ValueError("`history` must hold at least one completed epoch, got none.")
    return max(trained, key=lambda record: (record.accuracy[SELECTION_SET], -record.epoch))


def selected_learning_rate(runs: Sequence[RunResult]) -> Selected:
    """The learning rate whose runs have the highest mean ID validation accuracy.

    Raises:
      ValueError: every learning rate diverged, or the learning rates were not run with the same seeds.
    """
    grid = sorted({run.learning_rate for run in runs})
    table = {rate: sorted((r for r in runs if r.learning_rate == rate), key=lambda r: r.seed) for rate in grid}
    seeds = {tuple(run.seed for run in at) for at in table.values()}
    if len(seeds) != 1:
        raise ValueError(f"Every learning rate must be run with the same seeds, got {sorted(seeds)}.")
    diverged = tuple(rate for rate in grid if any(run.status == "diverged" for run in table[rate]))
    candidates = [rate for rate in grid if rate not in diverged]
    if not candidates:
        raise ValueError(f"At least one learning rate must finish with every seed, but all of {grid} diverged.")

    def validation(rate: float) -> float:
        return math.fsum(run.accuracy[SELECTION_SET] for run in table[rate]) / len(table[rate])

    best = max(candidates, key=lambda rate: (validation(rate), -rate))
    return Selected(best, grid_edge(best, grid), tuple(table[best]), diverged)


def grid_edge(value: float, grid: Sequence[float]) -> Edge | None:
    """Whether the optimum lies at an end of its grid, where a better one may lie beyond."""
    if value == min(grid):
        return "low"
    return "high" if value == max(grid) else None


def interval(values: Sequence[float]) -> Interval:
    """Mean and 90 % half widths over seeds, with the sample standard deviation (n - 1)."""
    count, mean = len(values), math.fsum(values) / len(values)
    if count < 2:
        return Interval(mean, None, None)
    error = float(np.std(values, ddof=1)) / math.sqrt(count)
    return Interval(mean, float(stats.t.ppf(0.95, count - 1)) * error, NORMAL_90 * error)
