"""Which epoch, and which learning rate. A criterion names the sets and the metric that decide.

Source: docs/protocol.md, section 6. Within a run the first epoch of highest value of the criterion, the state before
training excluded; across runs the learning rate of highest mean over seeds, each seed at its best epoch. On ties the
smaller rate, but under the protocol `paper` as in the authors' code: the first of the groups in the alphabetical order
of their names, in which 0.0001 comes before 1e-05 (`TieRule`). A learning rate at which a seed diverged is no
candidate. The maxima are taken seed by seed on the set that selects, so under the protocol `paper`, where that is the
reported set, the reported ID accuracy is slightly optimistic.

`ID_VALIDATION` decides everywhere but in the OOD-oracle rows, whose criterion is made by `oracle` and by nothing else.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from pydantic import Field

from artifacts.frozen import Frozen
from empirical.datasets.protocols import PAPER, Protocol
from empirical.records import ID_SELECTION, Edge, EpochRecord, PenaltyRecord, SetMetrics

#: "alphabetical": of equally good learning rates the one whose shortest decimal spelling comes first as text.
TieRule = Literal["smaller", "alphabetical"]


class Criterion(Frozen):
    """The unweighted mean of a metric over sets; accuracy is to be high, negative log likelihood low."""

    name: str = ID_SELECTION
    sets: tuple[str, ...] = Field(default=(ID_SELECTION,), min_length=1)
    metric: Literal["accuracy", "nll"] = "accuracy"

    def __call__(self, sets: Mapping[str, SetMetrics]) -> float:
        """The higher the better."""
        values = [getattr(sets[name], self.metric) for name in self.sets]
        return math.fsum(values) / len(values) * (1 if self.metric == "accuracy" else -1)


ID_VALIDATION = Criterion()


def oracle(column: str, sets: Sequence[str]) -> Criterion:
    """Selection on the accuracy of an OOD column: what no honest procedure can do, for the early-stopping study."""
    return Criterion(name=column, sets=tuple(sets))


#: What was measured at one state of a classifier: after an epoch of training, or at a penalty of a probe.
Measurement = EpochRecord | PenaltyRecord


class Trial(NamedTuple):
    """A run as selection sees it: a training run by epochs, `value` its learning rate; a probe by penalties."""

    run: str
    value: float
    seed: int
    diverged: bool
    history: tuple[Measurement, ...]


class Chosen(NamedTuple):
    """A run and what was measured where it was selected."""

    trial: Trial
    record: Measurement


class Candidate(NamedTuple):
    """A learning rate: its runs at their selected epochs, one a seed in ascending order; none where one diverged."""

    value: float
    score: float | None
    chosen: tuple[Chosen, ...]


class Selected(NamedTuple):
    """The whole grid in ascending order, and which of its points was selected."""

    points: tuple[Candidate, ...]
    best: Candidate
    edge: Edge | None

    @property
    def climbs(self) -> bool:
        """Whether the selected learning rate is better than its neighbours, and not only as good as one of them."""
        at = self.points.index(self.best)
        neighbours = [self.points[other].score for other in (at - 1, at + 1) if 0 <= other < len(self.points)]
        return self.best.score not in neighbours

    @property
    def diverged(self) -> tuple[float, ...]:
        """Learning rates at which a seed diverged."""
        return tuple(point.value for point in self.points if point.score is None)


def best_so_far(record: EpochRecord, earlier: Sequence[EpochRecord], criterion: Criterion = ID_VALIDATION) -> bool:
    """Whether an epoch is better than all before it; the state before training is no candidate.

    Args:
      earlier: the epochs before it.
      criterion: the larger its value for the sets, the better.
    """
    trained = [criterion(other.sets) for other in earlier if other.epoch > 0]
    return record.epoch > 0 and all(criterion(record.sets) > value for value in trained)


def selected_epoch(history: Sequence[EpochRecord], criterion: Criterion = ID_VALIDATION) -> EpochRecord:
    """The first epoch that the criterion values highest; the state before training is no candidate.

    Raises:
      ValueError: no epoch was completed.
    """
    trained = [record for record in history if record.epoch > 0]
    if not trained:
        raise ValueError("`history` must hold at least one completed epoch, got none.")
    return max(trained, key=lambda record: (criterion(record.sets), -record.epoch))


def chosen(trial: Trial, criterion: Criterion) -> Chosen:
    """A run where the criterion selects: at an epoch, or at a penalty."""
    if isinstance(trial.history[0], PenaltyRecord):
        return Chosen(trial, selected_penalty([r for r in trial.history if isinstance(r, PenaltyRecord)], criterion))
    return Chosen(trial, selected_epoch([r for r in trial.history if isinstance(r, EpochRecord)], criterion))


def selected_penalty(path: Sequence[PenaltyRecord], criterion: Criterion = ID_VALIDATION) -> PenaltyRecord:
    """The penalty of a probe's path that the criterion values highest, the smaller on ties."""
    return max(path, key=lambda record: (criterion(record.sets), -record.penalty))


def tie_rule(protocol: Protocol) -> TieRule:
    """How a protocol chooses among equally good learning rates."""
    return "alphabetical" if protocol.name == PAPER.name else "smaller"


def selected(
    trials: Sequence[Trial], criterion: Criterion = ID_VALIDATION, *, ties: TieRule = "smaller"
) -> Selected | None:
    """The learning rate that the criterion values highest; None where every one diverged.

    Args:
      trials: of every learning rate, one a seed.
      criterion: the larger its value for the sets, the better.
      ties: among equal values: the smallest, or the first as their texts are sorted (as the paper's code does).
    Raises:
      ValueError: the learning rates were not run with the same seeds.
    """
    grid = sorted({trial.value for trial in trials})
    table = {at: sorted((trial for trial in trials if trial.value == at), key=lambda t: t.seed) for at in grid}
    seeds = {tuple(trial.seed for trial in row) for row in table.values()}
    if len(seeds) != 1:
        raise ValueError(f"Every learning rate must be run with the same seeds, got {sorted(seeds)}.")
    points = tuple(_candidate(at, row, criterion) for at, row in table.items())
    candidates = [point for point in points if point.score is not None]
    if not candidates:
        return None
    highest = max(point.score for point in candidates if point.score is not None)
    tied = [point for point in candidates if point.score == highest]
    best = min(tied, key=lambda point: repr(point.value) if ties == "alphabetical" else point.value)
    return Selected(points, best, grid_edge(best.value, grid))


def selected_within_error(
    trials: Sequence[Trial], criterion: Criterion = ID_VALIDATION, *, ties: TieRule = "smaller"
) -> Selected | None:
    """The lowest learning rate within a standard error of the best; None where every one diverged, or for one seed.

    The error is that of the best rate's mean over seeds. Rates that ID validation cannot tell apart may differ much out
    of distribution; the lowest of them moves features least.
    Source: Breiman et al., "Classification and regression trees", 1984, there for the size of a tree.

    Args:
      trials, criterion, ties: as for `selected`.
    """
    best = selected(trials, criterion, ties=ties)
    if best is None or len(best.best.chosen) < 2:
        return None
    from statistics import stdev  # which plans, that select too, have no need of

    scores = [criterion(run.record.sets) for run in best.best.chosen]
    lowest = math.fsum(scores) / len(scores) - stdev(scores) / math.sqrt(len(scores))
    within = next(point for point in best.points if point.score is not None and point.score >= lowest)
    return Selected(best.points, within, grid_edge(within.value, [point.value for point in best.points]))


def grid_edge(value: float, grid: Sequence[float]) -> Edge | None:
    """Whether the optimum lies at an end of its grid, where a better one may lie beyond."""
    if value == min(grid):
        return "low"
    return "high" if value == max(grid) else None


def extended(grid: Sequence[float], edge: Edge) -> float:
    """The next learning rate beyond an end of a grid: in steps 1, 3, 10 where the grid has them, else as its last step.

    Raises:
      ValueError: the grid holds one value, which gives no step.
    """
    ordered = sorted(grid, reverse=edge == "low")
    if len(ordered) < 2:
        raise ValueError(f"`grid` must hold at least 2 values to be extended, got {ordered}.")
    last, before = ordered[-1], ordered[-2]
    steps = [float(f"{digit}e{power}") for power in range(-12, 9) for digit in (1, 3)]
    if last in steps[1:-1] and before in steps:  # beyond the table's ends nothing follows in it
        return steps[steps.index(last) + (1 if edge == "high" else -1)]
    return float(f"{last * last / before:.2g}")


def _candidate(value: float, trials: Sequence[Trial], criterion: Criterion) -> Candidate:
    if any(trial.diverged for trial in trials):
        return Candidate(value, None, ())
    runs = tuple(chosen(trial, criterion) for trial in trials)
    return Candidate(value, math.fsum(criterion(run.record.sets) for run in runs) / len(runs), runs)
