"""Learning rates: the paper's cosine, warm-up, factors of groups, and the order in which blocks open."""

import math

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empirical.methods import FT, GRADUAL_UNFREEZING, LARGER_HEAD_RATE, AllAtOnce, FromTheTop, Schedule
from empirical.methods.unfreezing import Moment
from empirical.store import order
from empirical.training import TrainingRun, learning_rate
from empirical.training.groups import grouping
from empirical.training.schedule import group_rates
from empirical.training.variables import variables
from tests.support.tiny_network import BLOCKS, START


def run_of(method=FT, epochs: int = 4, rate: float = 0.1) -> TrainingRun:
    return TrainingRun(method=method, learning_rate=rate, epochs=epochs, batch_size=2, seed=0)


def rates_of(run: TrainingRun, steps: int) -> np.ndarray:
    grouped = grouping(variables(START, run.method, key=jax.random.key(0)), run.method)
    return np.concatenate([group_rates(run, grouped, BLOCKS, epoch, steps) for epoch in range(run.epochs)])


def moment(epoch: int, epochs: int, step: int = 0, steps: int = 1) -> Moment:
    return Moment(epoch=epoch, epochs=epochs, step=step, steps=steps)


def test_the_papers_schedule_starts_at_the_rate_and_still_moves_in_the_last_epoch():
    values = [learning_rate(run_of(), moment(epoch, 4)) for epoch in range(4)]
    np.testing.assert_allclose(values, [0.1, 0.05 * (1 + math.sqrt(0.5)), 0.05, 0.05 * (1 - math.sqrt(0.5))])


def test_within_an_epoch_the_papers_rate_is_constant():
    assert len(np.unique(rates_of(run_of(epochs=3), 5))) == 3


def test_warm_up_rises_to_the_rate_and_the_cosine_follows():
    method = FT.model_copy(update={"schedule": Schedule(every="step", warm_up_steps=4)})
    values = rates_of(run_of(method, epochs=2), 6)[:, 0]
    np.testing.assert_allclose(values[:5], [0.025, 0.05, 0.075, 0.1, 0.1], rtol=1e-6)
    assert np.all(np.diff(values[4:]) < 0)
    assert values[-1] > 0


def test_a_factor_makes_a_group_of_its_own():
    rates = rates_of(run_of(LARGER_HEAD_RATE), 1)
    np.testing.assert_allclose(rates.max(1), 10 * rates.min(1), rtol=1e-6)


@given(st.integers(1, 24), st.integers(0, 3), st.integers(0, 3), st.integers(2, 30), st.sampled_from(["epoch", "step"]))
def test_blocks_open_from_the_top_and_never_close(blocks, alone, everything, between, every):
    epochs, steps = between + alone + everything, 5
    rule = FromTheTop(every=every, head_only_epochs=alone, everything_epochs=everything)
    rule.check(epochs)
    counts = []
    for epoch in range(epochs):
        for step in range(steps):
            now = Moment(epoch=epoch, epochs=epochs, step=step, steps=steps)
            opened = [rule.open(block, blocks, now) for block in range(blocks + 1)]
            assert opened[0] == opened[1]  # the embedding opens with the first block
            assert opened == sorted(opened)
            counts.append(sum(opened[1:]))
    assert counts == sorted(counts)
    assert counts[: alone * steps + 1] == [0] * (alone * steps + 1)
    assert counts[(epochs - everything) * steps - 1 :] == [blocks] * (everything * steps + 1)


def test_the_boost_falls_from_its_value_to_one():
    rule = FromTheTop(initial_boost=math.exp(3.73))
    values = [rule.boost(moment(epoch, 5)) for epoch in range(5)]
    np.testing.assert_allclose(values, np.exp(3.73 * (1 - np.arange(5) / 4)))


def test_a_waiting_group_has_rate_zero():
    rates = rates_of(run_of(GRADUAL_UNFREEZING, epochs=3), 1)
    # The token, which nothing freezes, is of block 0 and opens with block 1.
    assert (rates > 0).sum(1).tolist() == [1, 2, 4]


@pytest.mark.parametrize(("unfreezing", "epochs"), [(AllAtOnce(epoch=3), 3), (FromTheTop(head_only_epochs=2), 3)])
def test_unfreezing_that_does_not_fit_the_run_is_refused(unfreezing, epochs):
    with pytest.raises(ValueError, match="epochs"):
        run_of(FT.model_copy(update={"unfreezing": unfreezing}), epochs=epochs)


@given(st.integers(1, 200), st.integers(0, 50), st.integers(0, 50))
def test_every_epoch_visits_every_image_once(count, seed, epoch):
    visits = order(count, seed=seed, epoch=epoch)
    assert sorted(visits) == list(range(count))
    np.testing.assert_array_equal(visits, order(count, seed=seed, epoch=epoch))
