"""How often the rule named the right method, on sets where all three were trained.

`track_record.json` holds the cases that were measured with `distort advise --check`; the command says on which results.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from artifacts import UserError
from empirical.advice.rule import FIRST, Regime, regime
from empirical.records import PAPER_LABELS, read_record
from empirical.records.record import Record

KEPT = Path(__file__).with_name("track_record.json")
COMPARED = tuple(PAPER_LABELS[method] for method in ("LP", "FT", "LP-FT"))
#: The method named counts as right where no other of the three is better by more, in accuracy.
MARGIN = 0.01


class Case(Record):
    """One OOD set on which all three methods were trained.

    Attributes:
      miniature: images are synthetic, and its numbers say nothing about data.
      network: which pretrained weights: by their hash, or how they were pretrained.
      energy_ratio: feature energy off the ID span, as a multiple of that of ID test images.
      gap: accuracy of a head that has seen the set, less the probe's.
      shared_ratio: accuracy of that head over the probe's on ID test images.
      accuracies: OOD, by method.
      first: what the rule would have tried first.
      regret: by how much the best of the three is better than that.
    """

    results: str
    dataset: str
    miniature: bool = False
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

    @property
    def named(self) -> tuple[str, str, str, str]:
        """What tells it from every other case."""
        return self.results, self.dataset, self.condition, self.set

    def regret_of(self, method: str) -> float:
        """By how much the best of the three is better than that method."""
        return max(self.accuracies.values()) - self.accuracies[method]

    def judged_anew(self) -> "Case":
        """The same premises and accuracies under the rule as it is now."""
        where = regime(energy_ratio=self.energy_ratio, gap=self.gap, shared_ratio=self.shared_ratio)
        first = FIRST[where]
        return self.model_copy(update={"regime": where, "first": first, "regret": self.regret_of(first)})


class Score(NamedTuple):
    """How good answers were.

    Attributes:
      right: on how many of `sets` no other method was better by more than the margin.
      lost: by how much the best was better, on average, in accuracy.
    """

    sets: int
    right: int
    lost: float

    def __str__(self) -> str:
        return f"right on {self.right} of {self.sets}, {100 * self.lost:.1f} points lost on average"


class TrackRecord(Record):
    """All cases.

    `unmeasured`: how many sets on which all three methods were trained were left out, since no premises are known.
    """

    cases: list[Case]
    unmeasured: int = 0

    def among(self, regime: Regime | None = None) -> "TrackRecord":
        """Those of a regime; None: all."""
        return TrackRecord(cases=[case for case in self.cases if regime in (None, case.regime)])

    def of(self, results: str) -> "TrackRecord":
        """Those of a results folder."""
        return TrackRecord(cases=[case for case in self.cases if case.results == results])

    @property
    def rule(self) -> Score:
        """How good the rule was."""
        return score([case.regret for case in self.cases])

    def always(self, method: str) -> Score:
        """How good that method would have been everywhere."""
        return score([case.regret_of(method) for case in self.cases])


def score(regrets: Sequence[float]) -> Score:
    """That of answers with these regrets."""
    lost = sum(regrets) / len(regrets) if regrets else 0.0
    return Score(len(regrets), sum(regret <= MARGIN for regret in regrets), lost)


def joined(records: Sequence[TrackRecord]) -> TrackRecord:
    """Several as one, judged by the rule as it is now.

    Raises:
      UserError: two have a case of one name.
    """
    cases: dict[tuple[str, str, str, str], Case] = {}
    for case in (case for record in records for case in record.cases):
        if case.named in cases:
            name = " ".join(filter(None, case.named))
            raise UserError(
                f"Every case must come once, but {name} comes twice; rename a results folder, or leave it out."
            )
        cases[case.named] = case.judged_anew()
    return TrackRecord(cases=list(cases.values()), unmeasured=sum(record.unmeasured for record in records))


@cache
def kept_record() -> TrackRecord:
    """The cases that come with the project."""
    return read_record(KEPT, TrackRecord)
