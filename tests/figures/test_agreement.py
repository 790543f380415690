"""Rank correlation over conditions: 1 for the theory's order, -1 for the reverse, silent where theory says nothing."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from figures.benchmark.seed_estimate import SeedEstimate
from figures.side_by_side.agreement import Compared, agreement, compared_along, difference, half_width, is_told_apart


def measured(*seeds: float) -> SeedEstimate:
    return SeedEstimate(float(np.mean(seeds)), None, seeds)


def group(theory: list[float], means: list[float]) -> dict[str, list[Compared]]:
    pairs = enumerate(zip(theory, means, strict=True))
    return {"g": [Compared(str(place), value, measured(mean)) for place, (value, mean) in pairs]}


@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20)), min_size=2, max_size=8))
def test_tau_is_kendalls_where_nothing_is_tied(pairs):
    theory, means = (list(dict.fromkeys(side)) for side in zip(*pairs, strict=True))
    count = min(len(theory), len(means))
    found = agreement(group([float(value) for value in theory[:count]], [float(value) for value in means[:count]]))
    if count > 1:
        expected = stats.kendalltau(theory[:count], means[:count]).statistic
        assert found.tau == pytest.approx(expected)
        assert found.pairs == math.comb(count, 2)
    assert found.conditions == count


def test_only_conditions_of_one_group_are_compared():
    both = {"low": group([1.0, 2.0], [10.0, 20.0])["g"], "high": group([3.0, 4.0], [1.0, 2.0])["g"]}
    found = agreement(both)
    assert (found.tau, found.pairs, found.conditions) == (1.0, 2, 4)


def test_theoretical_ties_and_rounding_are_no_order():
    found = agreement(group([1e-30, 1e-32, 1.0, 1.0 + 1e-9], [1.0, 2.0, 3.0, 4.0]))
    assert found.pairs == 4
    nothing = agreement(group([0.0, 1e-25], [1.0, 2.0]))
    assert nothing.pairs == 0
    assert math.isnan(nothing.tau)
    assert "nothing to compare" in nothing.words
    assert nothing.label == "nothing to compare"


def test_pair_told_apart_against_the_theory_is_named():
    first, second = Compared("FT", 2.0, measured(0.1, 0.11)), Compared("LP", 1.0, measured(0.3, 0.31))
    found = agreement({"OOD": [first, second]})
    assert (found.told_apart, found.alike, found.tau) == (1, 0, -1.0)
    assert found.contradictions == ("OOD: FT below LP, above it in theory",)
    assert "Against the theory: OOD: FT below LP" in found.words


def test_noise_tells_nothing_apart_and_is_said_to_be_noise():
    first, second = Compared("FT", 2.0, measured(0.1, 0.5)), Compared("LP", 1.0, measured(0.4, 0.3))
    found = agreement({"OOD": [first, second]})
    assert found.told_apart == 0
    assert "tells none of them apart" in found.words
    assert not is_told_apart(measured(0.1), measured(0.9))


def test_differences_are_taken_seed_by_seed():
    gap = difference(measured(0.5, 0.7, 0.9), measured(0.4, 0.6, 0.8))
    assert gap.mean == pytest.approx(0.1)
    assert gap.ci90 == pytest.approx(0.0, abs=1e-12)
    assert half_width(np.array([0.0, 1.0, 2.0])) == pytest.approx(2.919986 / math.sqrt(3), rel=1e-5)


def test_curve_is_read_at_evenly_spaced_places():
    errors = [measured(0.1), measured(0.2), None, measured(0.4), measured(0.5)]
    conditions = compared_along(np.array([0.0, 1.0, 4.0]), "abcde", errors, met=True)
    assert [(each.name, each.theory) for each in conditions] == [("a", 0.0), ("b", 0.5), ("d", 2.5), ("e", 4.0)]
    assert [each.measured for each in conditions] == [error for error in errors if error]
    assert [each.theory for each in compared_along(np.array([3.0, 1.0]), "a", [measured(0.1)], met=False)] == [3.0]


def test_pairs_without_premises_are_counted_apart():
    compared = [
        Compared("a", 1.0, measured(1.0, 1.1)),
        Compared("b", 2.0, measured(2.0, 2.1)),
        Compared("c", 3.0, measured(0.0, 0.1), met=False),
    ]
    found = agreement({"g": compared})
    assert (found.tau, found.pairs, found.conditions) == (1.0, 1, 2)
    assert found.unmet is not None
    assert (found.unmet.tau, found.unmet.pairs, found.unmet.conditions) == (-1.0, 2, 1)
    assert found.verdict == (
        "Pairs told apart and ordered as in theory: 1 of 1 where its premises hold (τ = +1.00), "
        "0 of 2 where they do not (τ = −1.00)."
    )
    assert "c below a" in found.unmet.words


def test_without_such_conditions_nothing_is_said_of_them():
    found = agreement(group([1.0, 2.0], [1.0, 2.0]))
    assert found.unmet is None
    assert found.verdict == "Pairs told apart and ordered as in theory: none to tell where its premises hold."
    assert "promises no order" not in found.words
