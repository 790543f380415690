"""How far theory and benchmark agree, as one number: a rank correlation over conditions, and what this run can resolve.

The two sides share no scale, so only orders are compared: within a group of comparable conditions every pair that the
theory orders is looked up in the benchmark. Kendall's tau is the surplus of pairs ordered alike over pairs ordered
otherwise, from -1 to 1. A pair is *told apart* where the 90 % interval (Student's t) of its differences, seed by seed,
leaves out zero; only such pairs can contradict the theory.

The theory speaks where its premises are met: features good there, and a shift that leaves what ID features span. Pairs
of which a condition does not meet them, or of which that is not known, are counted apart: they neither support nor
contradict it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from jaxtyping import Float
from scipy import special

from figures.benchmark.seed_estimate import SeedEstimate

#: Theoretical values closer than this, relative to the larger, are no order, and below the second number none is zero.
TIE, ROUNDING = 1e-6, 1e-20
CONFIDENCE = 0.9
#: Contradictions are named one by one up to here.
MOST_NAMED = 4


@dataclass(frozen=True)
class Compared:
    """One condition: the theory's value, and what was measured; both larger or both smaller is worse.

    Attributes:
      met: whether the premises of the theory are known to hold there.
    """

    name: str
    theory: float
    measured: SeedEstimate
    met: bool = True


@dataclass(frozen=True)
class Agreement:
    """What the comparison of all groups found.

    Attributes:
      tau: Kendall's rank correlation; NaN where the theory orders no pair.
      conditions, pairs: how many were compared.
      told_apart: pairs that this run resolves; `alike` of them are ordered as in theory.
      contradictions: the others, in words.
      unmet: the same for pairs of which a condition does not meet the theory's premises; None where there are none.
    """

    tau: float
    conditions: int
    pairs: int
    told_apart: int
    alike: int
    contradictions: tuple[str, ...]
    unmet: "Agreement | None" = None

    @property
    def label(self) -> str:
        """For a corner of a figure, beside its title; n counts conditions. `words` has those without premises too."""
        if self.pairs:
            return f"τ = {_signed(self.tau)}, n = {self.conditions}"
        return "nothing to compare" if self.unmet is None else "no premises met"

    @property
    def verdict(self) -> str:
        """One sentence: of the pairs that this run tells apart, how many the theory has in that order."""
        own = self._alike("where its premises hold")
        beside = f", {self.unmet._alike('where they do not')}" if self.unmet else ""
        return f"Pairs told apart and ordered as in theory: {own}{beside}."

    def _alike(self, where: str) -> str:
        if not self.told_apart:
            return f"none to tell {where}"
        return f"{self.alike} of {self.told_apart} {where} (τ = {_signed(self.tau)})"

    @property
    def words(self) -> str:
        """For a reader: the number, what it rests on, and where the two sides disagree."""
        if self.unmet is None:
            return self._own_words
        beside = self.unmet._own_words.removeprefix("Agreement with the theory: ")
        apart = f"Where its premises are not known to be met, it promises no order: {beside}"
        return f"{self._own_words} {apart}" if self.pairs else f"Agreement with the theory: {apart}"

    @property
    def _own_words(self) -> str:
        if not self.pairs:
            return "Agreement: the theory orders no pair of these conditions, so there is nothing to compare."
        if not self.told_apart:
            return f"{self.number} This run tells none of them apart: the agreement, or its lack, may be noise."
        resolved = f"Of these this run tells {self.told_apart} apart, {self.alike} in the order of the theory."
        if not self.contradictions:
            return f"{self.number} {resolved}"
        named = "; ".join(self.contradictions[:MOST_NAMED])
        more = len(self.contradictions) - MOST_NAMED
        return f"{self.number} {resolved} Against the theory: {named}{f'; and {more} more' if more > 0 else ''}."

    @property
    def number(self) -> str:
        """The number and what it rests on."""
        return (
            f"Agreement with the theory: Kendall's rank correlation τ = {_signed(self.tau)} over {self.conditions} "
            f"conditions, in pairs that the theory orders: {self.pairs}."
        )


def agreement(groups: Mapping[str, Sequence[Compared]]) -> Agreement:
    """Compares the orders within every group.

    Args:
      groups: comparable conditions by what they are conditions of, e.g. the methods on one data set.
    """
    counted = _counted(groups, met=True)
    others = [condition for compared in groups.values() for condition in compared if not condition.met]
    return replace(counted, unmet=_counted(groups, met=False)) if others else counted


def _counted(groups: Mapping[str, Sequence[Compared]], *, met: bool) -> Agreement:
    pairs = alike_signs = told_apart = alike = 0
    contradictions = []
    for group, compared in groups.items():
        for first, second in combinations(compared, 2):
            if (first.met and second.met) != met:
                continue
            order = _order(first.theory, second.theory)
            if order == 0:
                continue
            difference = first.measured.mean - second.measured.mean
            pairs += 1
            alike_signs += order * int(np.sign(difference))
            if is_told_apart(first.measured, second.measured):
                told_apart += 1
                if np.sign(difference) == order:
                    alike += 1
                else:
                    low, high = (first, second) if difference < 0 else (second, first)
                    contradictions.append(f"{group}: {low.name} below {high.name}, above it in theory")
    return Agreement(
        tau=alike_signs / pairs if pairs else float("nan"),
        conditions=sum(condition.met == met for compared in groups.values() for condition in compared),
        pairs=pairs,
        told_apart=told_apart,
        alike=alike,
        contradictions=tuple(contradictions),
    )


def is_told_apart(first: SeedEstimate, second: SeedEstimate) -> bool:
    """Whether the 90 % interval of the difference, seed by seed, leaves out zero; one seed tells nothing apart."""
    if len(first.per_seed) != len(second.per_seed) or len(first.per_seed) < 2:
        return False
    differences = np.subtract(first.per_seed, second.per_seed)
    return bool(abs(differences.mean()) > half_width(differences))


def half_width(values: Float[np.ndarray, " seeds"]) -> float:
    """Half the width of the 90 % interval of a mean (Student's t)."""
    quantile = special.stdtrit(len(values) - 1, 0.5 + CONFIDENCE / 2)
    return float(quantile * values.std(ddof=1) / np.sqrt(len(values)))


def difference(first: SeedEstimate, second: SeedEstimate) -> SeedEstimate:
    """First minus second, seed by seed."""
    values = np.subtract(first.per_seed, second.per_seed)
    return SeedEstimate(float(values.mean()), half_width(values) if len(values) > 1 else None, tuple(values.tolist()))


def compared_along(
    values: Float[np.ndarray, " p"],
    labels: Sequence[str],
    errors: Sequence[SeedEstimate | None],
    *,
    met: bool,
) -> list[Compared]:
    """Conditions in their order beside a theoretical curve; those that were not measured are left out.

    Args:
      values: the curve, from the first condition to the last.
    """
    places = zip(labels, _matched(values, len(labels)), errors, strict=True)
    return [Compared(label, float(value), error, met=met) for label, value, error in places if error]


def _matched(values: Float[np.ndarray, " p"], count: int) -> Float[np.ndarray, " {count}"]:
    """A theoretical curve at as many evenly spaced places as there are conditions, ends included."""
    if count == 1:
        return values[:1]
    return np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(values)), values)


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _order(first: float, second: float) -> int:
    if max(abs(first), abs(second)) < ROUNDING or abs(first - second) <= TIE * max(abs(first), abs(second)):
        return 0
    return 1 if first > second else -1
