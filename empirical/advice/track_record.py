"""How often the rule named the right method, on sets where all three were trained.

`track_record.json` holds the cases that were measured with `distort advise --check`; the command says on which results.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from empirical.advice.premises import SetPremises
from empirical.advice.rule import FIRST, Regime, regime
from empirical.records import PAPER_LABELS, Benchmark, BenchmarkRow, SetDescription, read_record
from empirical.records.record import Record

KEPT = Path(__file__).with_name("track_record.json")
COMPARED = tuple(PAPER_LABELS[method] for method in ("LP", "FT", "LP-FT"))
#: The method named counts as right where no other of the three is better by more, in accuracy.
MARGIN = 0.01


class Case(Record):
    """One OOD set on which all three methods were trained.

    Attributes:
      network: which pretrained weights: by their hash, or the circumstance under which they were pretrained.
      energy_ratio: feature energy off the ID span, as a multiple of that of ID test images.
      gap: accuracy of a head that has seen the set, less the probe's.
      shared_ratio: accuracy of that head over the probe's on ID test images.
      accuracies: OOD, by method.
      first: what the rule would have tried first.
      regret: by how much the best of the three is better than that.
    """

    results: str
    dataset: str
    condition: str
    set: str
    network: str
    energy_ratio: float
    gap: float
    shared_ratio: float
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

    def of(self, results: str) -> "TrackRecord":
        """Those of a results folder."""
        return TrackRecord(cases=[case for case in self.cases if case.results == results])

    @property
    def hits(self) -> int:
        """In how many the rule was right."""
        return sum(case.hit for case in self.cases)

    def always(self, method: str) -> int:
        """In how many that method would have been right."""
        return sum(max(case.accuracies.values()) - case.accuracies[method] <= MARGIN for case in self.cases)


def cases(
    results: str, benchmark: Benchmark, *, measured: Mapping[tuple[str, str], SetPremises] | None = None
) -> Iterator[Case]:
    """Every OOD set that has all that the rule needs, in main rows and under conditions with features of their own.

    Args:
      results: what the results are called.
      measured: premises by data set and OOD set, where the descriptions of main rows have no shared head.
    """
    for dataset in benchmark.datasets:
        rows = [row for row in benchmark.rows if row.dataset == dataset.name]
        described = {
            description.name: description for description in benchmark.sets if description.dataset == dataset.name
        }
        for name in rows[0].per_ood_set if rows else ():
            own = (measured or {}).get((dataset.name, name))
            premises = own or _described(described.get(name), rows)
            yield from _case(results, dataset.name, "", dataset.fingerprint[:16], rows, premises)
    for condition in benchmark.conditions:
        if condition.name:
            main = benchmark.dataset(condition.dataset).fingerprint[:16]
            network = condition.label if condition.kind == "pretraining" else main
            for description in condition.sets:
                premises = _described(description, condition.rows)
                yield from _case(results, condition.dataset, condition.name, network, condition.rows, premises)


def _described(description: SetDescription | None, rows: Sequence[BenchmarkRow]) -> SetPremises | None:
    """Premises from a description; None where it has no shared head, or no probe was solved."""
    probe = next((row for row in rows if row.label == COMPARED[0]), None)
    if description is None or description.shared_head_accuracy is None or probe is None:
        return None
    return SetPremises(
        name=description.name,
        images=description.count,
        probe_accuracy=probe.per_ood_set[description.name].accuracy,
        shared_accuracy=description.shared_head_accuracy,
        energy_outside=description.feature_energy_outside,
        id_energy_outside=description.id_energy_outside,
    )


def _case(
    results: str,
    dataset: str,
    condition: str,
    network: str,
    rows: Sequence[BenchmarkRow],
    premises: SetPremises | None,
) -> Iterator[Case]:
    by_label = {row.label: row for row in rows}
    if premises is None or not all(method in by_label for method in COMPARED):
        return
    probe = by_label[COMPARED[0]]
    case = regime(premises, probe.id_accuracy)
    accuracies = {method: by_label[method].per_ood_set[premises.name].accuracy for method in COMPARED}
    yield Case(
        results=results,
        dataset=dataset,
        condition=condition,
        set=premises.name,
        network=network,
        energy_ratio=premises.energy_ratio,
        gap=premises.gap,
        shared_ratio=premises.shared_accuracy / probe.id_accuracy,
        regime=case,
        first=FIRST[case],
        accuracies=accuracies,
        regret=max(accuracies.values()) - accuracies[FIRST[case]],
    )


@cache
def kept_record() -> TrackRecord:
    """The cases that come with the project."""
    return read_record(KEPT, TrackRecord)
