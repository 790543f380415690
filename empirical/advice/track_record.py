"""How often the rule named the right method, on sets where all three were trained.

`track_record.json` holds the cases that were measured with `distort advise --check`; the command says on which results.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from empirical.advice.premises import SetPremises
from empirical.advice.rule import FIRST, Regime, regime
from empirical.records import Benchmark, BenchmarkRow, SetDescription, read_record
from empirical.records.record import Record

KEPT = Path(__file__).with_name("track_record.json")
COMPARED = ("LP (eval)", "FT (train)", "LP-FT (eval)")
#: The method named counts as right where no other of the three is better by more, in accuracy.
MARGIN = 0.01


class Case(Record):
    """One OOD set on which all three methods were trained.

    Attributes:
      accuracies: OOD, by method.
      first: what the rule would have tried first.
      regret: by how much the best of the three is better than that.
    """

    results: str
    dataset: str
    condition: str
    set: str
    regime: Regime
    first: str
    accuracies: dict[str, float]
    regret: float

    @property
    def hit(self) -> bool:
        """Whether no other method was better by more than the margin."""
        return self.regret <= MARGIN


class TrackRecord(Record):
    """All cases."""

    cases: list[Case]

    def among(self, regime: Regime | None = None) -> "TrackRecord":
        """Those of a regime; None: all."""
        return TrackRecord(cases=[case for case in self.cases if regime in (None, case.regime)])

    @property
    def hits(self) -> int:
        """In how many the rule was right."""
        return sum(case.hit for case in self.cases)

    def always(self, method: str) -> int:
        """In how many that method would have been right."""
        return sum(max(case.accuracies.values()) - case.accuracies[method] <= MARGIN for case in self.cases)


def cases(results: str, benchmark: Benchmark) -> Iterator[Case]:
    """Every OOD set that has all that the rule needs, in main rows and under conditions with features of their own.

    Args:
      results: what the results are called.
    """
    for dataset in benchmark.datasets:
        rows = [row for row in benchmark.rows if row.dataset == dataset.name]
        sets = [description for description in benchmark.sets if description.dataset == dataset.name]
        yield from _cases(results, dataset.name, "", rows, sets)
    for condition in benchmark.conditions:
        if condition.name and condition.sets:
            yield from _cases(results, condition.dataset, condition.name, condition.rows, condition.sets)


def _cases(
    results: str, dataset: str, condition: str, rows: Sequence[BenchmarkRow], sets: Sequence[SetDescription]
) -> Iterator[Case]:
    by_label = {f"{row.method} ({row.norm_mode})": row for row in rows}
    if not all(method in by_label for method in COMPARED):
        return
    probe = by_label["LP (eval)"]
    for description in sets:
        if description.shared_head_accuracy is None:
            continue
        premises = SetPremises(
            name=description.name,
            images=description.count,
            probe_accuracy=probe.per_ood_set[description.name].accuracy,
            shared_accuracy=description.shared_head_accuracy,
            energy_outside=description.feature_energy_outside,
            id_energy_outside=description.id_energy_outside,
        )
        case = regime(premises, probe.id_accuracy)
        accuracies = {method: by_label[method].per_ood_set[description.name].accuracy for method in COMPARED}
        yield Case(
            results=results, dataset=dataset, condition=condition, set=description.name, regime=case, first=FIRST[case],
            accuracies=accuracies, regret=max(accuracies.values()) - accuracies[FIRST[case]],
        )  # fmt: skip


@cache
def kept_record() -> TrackRecord:
    """The cases that come with the project."""
    return read_record(KEPT, TrackRecord)
