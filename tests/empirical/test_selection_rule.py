"""Selection on a table that can be checked by hand: first on ties, one named criterion, edges recorded."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empirical.datasets.protocols import CLEAN, PAPER
from empirical.intervals import estimate
from empirical.records import EpochRecord, PenaltyRecord, SetMetrics
from empirical.selection import (
    ID_VALIDATION,
    Criterion,
    Trial,
    best_so_far,
    chosen,
    extended,
    grid_edge,
    oracle,
    selected,
    selected_epoch,
    selected_penalty,
    selected_within_error,
    tie_rule,
)  # fmt: skip


def metrics(accuracy: float, nll: float = 1.0) -> SetMetrics:
    return SetMetrics(count=10, accuracy=accuracy, nll=nll, ece=0.0)


def epoch(number: int, validation: float, ood: float = 0.0, nll: float = 1.0) -> EpochRecord:
    sets = {"id_validation": metrics(validation, nll), "inverted": metrics(ood), "coloured": metrics(0.5)}
    return EpochRecord(epoch=number, learning_rate=0.1, training_loss=1.0, sets=sets, movement={})


def trial(rate: float, seed: int, validation: float | None, ood: float = 0.0) -> Trial:
    """One run of one epoch; None: diverged."""
    history = () if validation is None else (epoch(0, 0.0), epoch(1, validation, ood))
    return Trial(f"runs/{rate}-{seed}", rate, seed, validation is None, history)


def test_the_first_best_epoch_is_taken_and_the_untrained_state_is_not():
    history = [epoch(0, 1.0), epoch(1, 0.5), epoch(2, 0.9, ood=0.1), epoch(3, 0.9, ood=0.8)]
    assert selected_epoch(history).epoch == 2


def test_no_completed_epoch_is_an_error():
    with pytest.raises(ValueError, match="completed epoch"):
        selected_epoch([epoch(0, 1.0)])


def test_an_oracle_chooses_otherwise_and_is_called_after_its_column():
    history = [epoch(1, 0.5), epoch(2, 0.9, ood=0.1), epoch(3, 0.9, ood=0.8)]
    criterion = oracle("digits", ["inverted", "coloured"])
    assert criterion.name == "digits"
    assert criterion(history[2].sets) == pytest.approx((0.8 + 0.5) / 2)
    assert selected_epoch(history, criterion).epoch == 3


def test_a_likelihood_is_to_be_low():
    history = [epoch(1, 0.9, nll=0.5), epoch(2, 0.8, nll=0.2)]
    assert selected_epoch(history, Criterion(metric="nll")).epoch == 2


def test_the_best_mean_over_seeds_wins_whatever_the_ood_accuracy():
    scores = {1e-3: (0.8, 0.9), 1e-2: (0.88, 0.88), 1e-1: (0.95, 0.5)}
    table = [trial(rate, seed, score[seed], ood=1 - rate) for rate, score in scores.items() for seed in (1, 0)]
    found = selected(table)
    assert found.best.value == 1e-2
    assert [one.trial.seed for one in found.best.chosen] == [0, 1]
    assert found.edge is None
    assert selected(table, oracle("one", ["inverted"])).best.value == 1e-3


@given(st.permutations([(1e-3, 0.5), (1e-2, 0.7), (1e-1, 0.7)]))
def test_ties_go_to_the_smaller_learning_rate_in_any_order(table):
    assert selected([trial(rate, 0, accuracy) for rate, accuracy in table]).best.value == 1e-2


def test_a_diverged_learning_rate_is_no_candidate_and_is_recorded():
    table = [trial(1e-2, 0, 0.7), trial(1e-2, 1, 0.7), trial(1e-1, 0, 0.99), trial(1e-1, 1, None)]
    found = selected(table)
    assert found.best.value == 1e-2
    assert found.diverged == (1e-1,)


def test_nothing_finished_is_no_choice():
    assert selected([trial(1e-1, 0, None)]) is None


def test_unequal_seeds_are_an_error():
    with pytest.raises(ValueError, match="same seeds"):
        selected([trial(1e-2, 0, 0.5), trial(1e-1, 1, 0.5)])


def test_a_tie_of_penalties_goes_to_the_smaller():
    path = [
        PenaltyRecord(penalty=penalty, converged=True, iterations=1, sets={"id_validation": metrics(accuracy)})
        for penalty, accuracy in ((0.1, 0.8), (1.0, 0.9), (10.0, 0.9))
    ]
    assert selected_penalty(path).penalty == 1.0


@pytest.mark.parametrize(
    ("rates", "smaller", "alphabetical"),
    [
        ((1e-4, 3e-4, 1e-3), 1e-4, 1e-4),
        # "1e-05" comes after "0.0001": the authors' grid of ImageNet, where the two rules differ.
        ((1e-5, 3e-5, 1e-4, 3e-4), 1e-5, 1e-4),
        ((1e-5, 3e-5), 1e-5, 1e-5),
        ((3.0, 10.0), 3.0, 10.0),
    ],
)
def test_ties_between_learning_rates(rates, smaller, alphabetical):
    trials = [trial(rate, 0, 0.9) for rate in rates]
    assert selected(trials).best.value == selected(trials, ties="smaller").best.value == smaller
    assert selected(trials, ties="alphabetical").best.value == alphabetical
    worse = [*trials, trial(min(rates) / 10, 0, 0.8)]
    assert selected(worse, ties="alphabetical").best.value == alphabetical


def test_the_protocol_of_the_paper_breaks_ties_as_its_authors_did():
    assert [tie_rule(one) for one in (PAPER, CLEAN)] == ["alphabetical", "smaller"]


@pytest.mark.parametrize(("value", "edge"), [(1e-3, "low"), (1e-2, None), (1e-1, "high")])
def test_edges(value, edge):
    assert grid_edge(value, (1e-3, 1e-2, 1e-1)) == edge


@pytest.mark.parametrize(
    ("grid", "edge", "added"),
    [
        ((1e-3, 3e-3, 1e-2), "high", 3e-2),
        ((1e-3, 3e-3, 1e-2), "low", 3e-4),
        ((1e-3, 1e-2), "high", 3e-2),  # the steps of the grid's kind, not its gaps
        ((2e-3, 4e-3), "high", 8e-3),
        ((2e-3, 4e-3), "low", 1e-3),
    ],
)
def test_grids_go_on_in_their_own_steps(grid, edge, added):
    assert extended(grid, edge) == added


def test_one_value_gives_no_step():
    with pytest.raises(ValueError, match="at least 2 values"):
        extended((1e-3,), "high")


def test_the_papers_interval():
    # Raw outputs of the authors' notebook for CIFAR-10.1; their 0.36 divides by n, ours by n - 1.
    found = estimate([92.80, 91.95, 92.05])
    assert found.mean == pytest.approx(92.27, abs=0.005)
    assert found.ci90_normal == pytest.approx(0.36 * math.sqrt(3 / 2), abs=0.005)
    assert found.ci90 / found.ci90_normal == pytest.approx(2.92 / 1.645, rel=1e-3)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_students_interval_is_the_wider(values):
    found = estimate(values)
    assert found.mean == pytest.approx(np.mean(values))
    assert found.ci90 >= found.ci90_normal >= 0
    assert found.per_seed == values


def test_one_seed_has_no_interval():
    found = estimate([0.5])
    assert (found.mean, found.ci90, found.ci90_normal) == (0.5, None, None)


def test_the_lowest_rate_within_a_standard_error_of_the_best_is_taken():
    # Of the best rate, 1e-2, the mean is 0.92 and the standard error 0.01: 1e-4 lies below, 1e-3 just within.
    table = {1e-4: (0.90, 0.91), 1e-3: (0.91, 0.9101), 1e-2: (0.91, 0.93), 1e-1: (0.91, 0.92)}
    trials = [trial(rate, seed, value) for rate, values in table.items() for seed, value in enumerate(values)]
    careful = selected_within_error(trials)
    assert selected(trials).best.value == 1e-2
    assert careful.best.value == 1e-3
    assert careful.edge is None
    assert careful.points == selected(trials).points


def test_one_seed_has_no_standard_error_and_a_diverged_rate_is_passed_over():
    assert selected_within_error([trial(1e-3, 0, 0.9), trial(1e-2, 0, 0.9)]) is None
    trials = [trial(rate, seed, 0.9 + seed / 10) for rate in (1e-3, 1e-2) for seed in (0, 1)]
    trials += [trial(1e-4, 0, None), trial(1e-4, 1, 1.0)]
    assert selected_within_error(trials).best.value == 1e-3
    assert selected_within_error([trial(1e-3, seed, None) for seed in (0, 1)]) is None


@pytest.mark.parametrize(
    ("number", "value", "earlier", "better"),
    [
        (1, 0.5, [(0, 0.9)], True),  # the state before training is none to be beaten
        (0, 0.9, [], False),  # nor one to be kept
        (2, 0.6, [(0, 0.9), (1, 0.5)], True),
        (2, 0.5, [(1, 0.5)], False),  # the first of equals stays
        (3, 0.55, [(1, 0.5), (2, 0.6)], False),
        (3, 0.55, [(1, 0.6), (2, 0.5)], False),
        (2, 0.4, [(1, 0.5)], False),
    ],
)
def test_an_epoch_is_the_best_so_far(number, value, earlier, better):
    assert best_so_far(epoch(number, value), [epoch(*before) for before in earlier]) is better


@given(st.lists(st.sampled_from([0.5, 0.6, 0.7]), min_size=1, max_size=6))
def test_the_last_epoch_that_was_best_so_far_is_the_one_selected(values):
    history = [epoch(0, 1.0), *(epoch(number, value) for number, value in enumerate(values, 1))]
    kept = [record for place, record in enumerate(history) if best_so_far(record, history[:place])]
    assert kept[-1] == selected_epoch(history)


def test_a_run_is_judged_where_it_was_selected_at_an_epoch_or_at_a_penalty():
    path = tuple(
        PenaltyRecord(penalty=penalty, converged=True, iterations=1, sets={"id_validation": metrics(accuracy)})
        for penalty, accuracy in ((0.1, 0.8), (1.0, 0.9), (10.0, 0.85))
    )
    probe = Trial("probes/0", 1.0, 0, False, path)
    assert chosen(probe, ID_VALIDATION) == (probe, path[1])
    alone = Trial("probes/0", 1.0, 0, False, path[:1])
    assert chosen(alone, ID_VALIDATION) == (alone, path[0])
    run = trial(1e-2, 0, 0.7)
    assert chosen(run, ID_VALIDATION) == (run, run.history[1])


def test_a_criterion_is_the_mean_of_its_metric_in_its_own_unit():
    sets = {"first": metrics(0.2, nll=0.5), "second": metrics(0.6, nll=1.5)}
    assert Criterion(sets=("first", "second"))(sets) == pytest.approx(0.4)
    assert Criterion(sets=("first", "second"), metric="nll")(sets) == pytest.approx(-1.0)


def test_seeds_that_agree_have_no_error_and_the_best_rate_alone_is_within_it():
    trials = [trial(rate, seed, value) for rate, value in ((1e-3, 0.8), (1e-2, 0.9)) for seed in (0, 1)]
    assert selected_within_error(trials).best.value == 1e-2


def test_a_grid_whose_last_step_alone_is_a_round_one_goes_on_in_that_step():
    assert extended((2e-3, 1e-2), "high") == 5e-2
    assert extended((1e-2, 2e-2), "high") == 4e-2


@pytest.mark.parametrize(
    ("accuracies", "climbs"),
    [
        ((0.5, 0.6, 0.9), True),
        ((0.9, 0.6, 0.5), True),
        ((0.5, 0.9, 0.6), True),
        ((0.9, 0.9, 0.5), False),  # as good as the rate above it
        ((0.5, 0.9, 0.9), False),
        ((0.9, 0.5, 0.9), True),  # the other end is no neighbour
        ((0.9,), True),
    ],
)
def test_a_rate_that_is_only_as_good_as_its_neighbour_does_not_climb(accuracies, climbs):
    rates = (1e-3, 1e-2, 1e-1)
    assert selected([trial(rate, 0, value) for rate, value in zip(rates, accuracies, strict=False)]).climbs is climbs


@pytest.mark.parametrize(("accuracies", "climbs"), [((0.9, 0.9, 0.5), False), ((0.9, 0.5, 0.9), True)])
def test_the_alphabet_may_choose_a_rate_whose_lower_neighbour_is_as_good(accuracies, climbs):
    """0.0001 comes before 1e-05, and 0.001 as well."""
    trials = [trial(rate, 0, value) for rate, value in zip((1e-5, 1e-4, 1e-3), accuracies, strict=True)]
    assert selected(trials, ties="alphabetical").climbs is climbs


def test_at_the_ends_of_the_table_of_steps_a_grid_goes_on_in_its_own():
    assert extended((1e-12, 1e-11), "low") == 1e-13
    assert extended((1e8, 3e8), "high") == 9e8
    assert extended((3e-12, 1e-11), "low") == 1e-12
    assert extended((3e7, 1e8), "high") == 3e8
