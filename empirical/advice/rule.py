"""From premises to a method: four regimes, each with what the theory says in it and what to try first.

The thresholds were chosen before the rule was held against any result. So was the method of each regime but one: where
the head carries over the rule named LP-FT, until the confirmed run of the digits had LP ahead of it by 23 to 42 points
on all seven such sets. `track_record` says how often the rule was right.
"""

import math
from typing import Literal

from empirical.advice.premises import LEAST_ACCURACY, SetPremises
from empirical.records.record import Record

#: A shift is large where OOD features leave the span of ID features by so many times the energy that ID images do.
LARGE_SHIFT = 2.0
#: A shared head reads good features at least so well, relative to the probe's ID accuracy.
GOOD_FEATURES = 0.85
#: The probe carries over where a shared head reads less than this more.
CARRIES_OVER = 0.1
#: What a 90 % interval leaves out at either end.
TAIL = 0.05

Regime = Literal["near ID", "head carries over", "head fails", "features fail"]
FIRST: dict[Regime, str] = {
    "near ID": "LP-FT (eval)",
    "head carries over": "LP (eval)",
    "head fails": "FT (train)",
    "features fail": "FT (train)",
}
WHY: dict[Regime, str] = {
    "near ID": (
        "OOD images lie hardly farther from ID features than ID images do. There the theory promises no method "
        "anything out of distribution; what fits ID data should do"
    ),
    "head carries over": (
        "features are good and the ID head reads them OOD. This is the theory's premise: linear probing keeps what it "
        "has, and fine-tuning moves the features that ID data see and not the others. So does LP-FT at the rates that "
        "ID data select, if less"
    ),
    "head fails": (
        "some head reads these features OOD, and the one that ID data determine does not (c_S is small). The theory's "
        "bound on linear probing says nothing then; only changed features help, which the theory's linear network "
        "cannot do off the ID subspace"
    ),
    "features fail": (
        "no linear head reads these features OOD. The feature error is large, and no statement of the theory favours "
        "linear probing; another backbone would be better than any method"
    ),
}


class Advice(Record):
    """What one OOD set suggests."""

    dataset: str
    set: str
    regime: Regime
    first: str
    why: str


def regime(*, energy_ratio: float, gap: float, shared_ratio: float) -> Regime:
    """Where a set lies.

    Args:
      energy_ratio, gap, shared_ratio: as `SetPremises` has them.
    """
    if shared_ratio < GOOD_FEATURES:
        return "features fail"
    if gap >= CARRIES_OVER:
        return "head fails"
    return "head carries over" if energy_ratio >= LARGE_SHIFT else "near ID"


def interval(accuracy: float, images: int) -> tuple[float, float]:
    """The 90 % interval of an accuracy that was counted on so many images (Clopper and Pearson)."""
    from scipy.special import betaincinv  # quantiles of the beta distribution

    right = round(accuracy * images)
    low = betaincinv(right, images - right + 1, TAIL) if right else 0.0
    high = betaincinv(right + 1, images - right, 1 - TAIL) if right < images else 1.0
    return float(low), float(high)


def not_ruled_out(premises: SetPremises, id_accuracy: float) -> tuple[Regime, ...]:
    """Other regimes that the set may lie in, its accuracies being counted on few images."""
    shared, probe = premises.shared_accuracy, premises.probe_accuracy
    (least, most), (low, high) = interval(shared, premises.images), interval(probe, premises.images)
    # The interval of a difference, by those of its parts (Newcombe).
    gaps = (
        premises.gap,
        premises.gap - math.hypot(shared - least, high - probe),
        premises.gap + math.hypot(most - shared, probe - low),
    )
    possible = [
        regime(energy_ratio=premises.energy_ratio, gap=gap, shared_ratio=reads / max(id_accuracy, LEAST_ACCURACY))
        for gap in gaps
        for reads in (shared, least, most)
    ]
    return tuple(case for case in FIRST if case in possible[1:] and case != possible[0])


def advise(dataset: str, premises: SetPremises, id_accuracy: float) -> Advice:
    """What to try first on a set, and why.

    Args:
      id_accuracy: of the linear probe.
    """
    case = regime(energy_ratio=premises.energy_ratio, gap=premises.gap, shared_ratio=premises.shared_ratio(id_accuracy))
    return Advice(dataset=dataset, set=premises.name, regime=case, first=FIRST[case], why=WHY[case])
