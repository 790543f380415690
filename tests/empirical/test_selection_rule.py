"""Selection on a table that can be checked by hand: first on ties, ID validation alone, edges recorded."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empirical.records import EpochRecord, RunResult
from empirical.selection import grid_edge, interval, selected_epoch, selected_learning_rate


def epoch(number: int, validation: float, ood: float = 0.0) -> EpochRecord:
    accuracy = {"id_validation": validation, "inverted": ood}
    return EpochRecord(epoch=number, learning_rate=0.1, training_loss=1.0, accuracy=accuracy, movement={})


def run(rate: float, seed: int, validation: float | None, ood: float = 0.0) -> RunResult:
    return RunResult(
        method="FT", norm_mode="train", learning_rate=rate, seed=seed,
        status="diverged" if validation is None else "finished", reason=None, selected_epoch=1,
        accuracy={} if validation is None else {"id_validation": validation, "inverted": ood}, movement={},
    )  # fmt: skip


def test_the_first_best_epoch_is_taken_and_the_untrained_state_is_not():
    history = [epoch(0, 1.0), epoch(1, 0.5), epoch(2, 0.9, ood=0.1), epoch(3, 0.9, ood=0.8)]
    assert selected_epoch(history).epoch == 2


def test_no_completed_epoch_is_an_error():
    with pytest.raises(ValueError, match="completed epoch"):
        selected_epoch([epoch(0, 1.0)])


def test_the_best_mean_over_seeds_wins_whatever_the_ood_accuracy():
    scores = {1e-3: (0.8, 0.9), 1e-2: (0.88, 0.88), 1e-1: (0.95, 0.5)}
    table = [run(rate, seed, score[seed], ood=1 - rate) for rate, score in scores.items() for seed in (1, 0)]
    selected = selected_learning_rate(table)
    assert selected.learning_rate == 1e-2
    assert [result.seed for result in selected.runs] == [0, 1]
    assert selected.edge is None


@given(st.permutations([(1e-3, 0.5), (1e-2, 0.7), (1e-1, 0.7)]))
def test_ties_go_to_the_smaller_learning_rate_in_any_order(table):
    assert selected_learning_rate([run(rate, 0, accuracy) for rate, accuracy in table]).learning_rate == 1e-2


def test_a_diverged_learning_rate_is_no_candidate_and_is_recorded():
    table = [run(1e-2, 0, 0.7), run(1e-2, 1, 0.7), run(1e-1, 0, 0.99), run(1e-1, 1, None)]
    selected = selected_learning_rate(table)
    assert selected.learning_rate == 1e-2
    assert selected.diverged == (1e-1,)


def test_nothing_finished_is_an_error():
    with pytest.raises(ValueError, match="diverged"):
        selected_learning_rate([run(1e-1, 0, None)])


def test_unequal_seeds_are_an_error():
    with pytest.raises(ValueError, match="same seeds"):
        selected_learning_rate([run(1e-2, 0, 0.5), run(1e-1, 1, 0.5)])


@pytest.mark.parametrize(("value", "edge"), [(1e-3, "low"), (1e-2, None), (1e-1, "high")])
def test_edges(value, edge):
    assert grid_edge(value, (1e-3, 1e-2, 1e-1)) == edge


def test_the_papers_interval():
    # Raw outputs of the authors' notebook for CIFAR-10.1; their 0.36 divides by n, ours by n - 1.
    mean, student, normal = interval([92.80, 91.95, 92.05])
    assert mean == pytest.approx(92.27, abs=0.005)
    assert normal == pytest.approx(0.36 * math.sqrt(3 / 2), abs=0.005)
    assert student / normal == pytest.approx(2.92 / 1.645, rel=1e-3)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_students_interval_is_the_wider(values):
    mean, student, normal = interval(values)
    assert mean == pytest.approx(np.mean(values))
    assert student >= normal >= 0


def test_one_seed_has_no_interval():
    assert interval([0.5]) == (0.5, None, None)
