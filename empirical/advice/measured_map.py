"""The measured phase diagram: who won out of distribution on sets with like premises, wherever all three were trained.

A set is a point: how far its features leave the ID span, how much a head that has seen it reads more than the probe,
and how well that head reads it at all. Near points say in which region of the diagram a set lies. Whether to believe
them is measured too: every set of the record is read off points of other networks than its own. Sets of miniatures are
read off like others, but are no points: their numbers say nothing about data.
"""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from empirical.advice.track_record import COMPARED, Case, Score, TrackRecord, score
from empirical.records.record import Record

#: Points that a region is read off; fewer where the record has fewer.
NEAREST = 5
#: LP is ahead of FT, or behind, where it is so by more than this on average over near points.
AHEAD = 0.02
#: Axes, as they are called in a sentence.
AXES = ("feature energy outside", "gap", "shared head beside ID")
LP, FT, LP_FT = COMPARED


class Region(Record):
    """What was measured near a set.

    Attributes:
      near: points, nearest first.
      lead: accuracy of LP less FT's, on average over them; `lowest_lead` and `highest_lead` among them.
      within_margin: on how many of them a method was the best of the three, or within the margin of it.
      first: what was best on average over them.
      outside: axes along which the set lies beyond every measured point.
    """

    near: list[Case]
    lead: float
    lowest_lead: float
    highest_lead: float
    within_margin: dict[str, int]
    first: str
    outside: list[str]

    @property
    def name(self) -> str:
        """The region of the diagram."""
        if self.lead > AHEAD:
            return "FT loses to LP"
        return "FT beats LP" if self.lead < -AHEAD else "FT and LP are alike"


def points(record: TrackRecord) -> list[Case]:
    """What the diagram consists of."""
    return [case for case in record.cases if not case.miniature]


def region(
    diagram: Sequence[Case], *, energy_ratio: float, gap: float, shared_ratio: float, count: int = NEAREST
) -> Region | None:
    """The region of a set with these premises; None where nothing was measured.

    Axes are scaled by the spread of what was measured along them; energies are compared by their ratios.

    Args:
      diagram: its points.
      energy_ratio, gap, shared_ratio: as `Case` has them.
    """
    if not diagram:
        return None
    measured = np.array([_point(case.energy_ratio, case.gap, case.shared_ratio) for case in diagram])
    here = _point(energy_ratio, gap, shared_ratio)
    spread = np.where(np.ptp(measured, axis=0) > 0, np.std(measured, axis=0), 1.0)
    order = np.argsort(np.linalg.norm((measured - here) / spread, axis=1), kind="stable")[:count]
    near = [diagram[index] for index in order]
    leads = [case.accuracies[LP] - case.accuracies[FT] for case in near]
    averages = {method: float(np.mean([case.accuracies[method] for case in near])) for method in COMPARED}
    beyond = (here < measured.min(axis=0)) | (here > measured.max(axis=0))
    return Region(
        near=near,
        lead=float(np.mean(leads)),
        lowest_lead=min(leads),
        highest_lead=max(leads),
        within_margin={method: TrackRecord(cases=near).always(method).right for method in COMPARED},
        first=max(averages, key=lambda method: averages[method]),
        outside=[name for name, far in zip(AXES, beyond, strict=True) if far],
    )


def looked_up(case: Case, diagram: Sequence[Case]) -> Region | None:
    """The region of a case, read off points of networks other than its own; None where there are none."""
    others = [point for point in diagram if point.network != case.network]
    return region(others, energy_ratio=case.energy_ratio, gap=case.gap, shared_ratio=case.shared_ratio)


def looked_up_score(asked: Sequence[Case], diagram: Sequence[Case]) -> Score:
    """How good the method that was best nearby was, on those cases that there were points for."""
    answers = [(case, there) for case in asked if (there := looked_up(case, diagram)) is not None]
    return score([case.regret_of(there.first) for case, there in answers])


def networks(cases: Sequence[Case]) -> int:
    """How many different networks the points are of."""
    return len({case.network for case in cases})


def _point(energy_ratio: float, gap: float, shared_ratio: float) -> Float[np.ndarray, " axes"]:
    return np.array([math.log(energy_ratio), gap, shared_ratio])
