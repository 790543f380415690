"""A run: the cosine schedule, the order of batches, PyTorch's momentum, float32, and a loss that is not finite."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empirical.backbones.classifier import Classifier, cross_entropy, random_head
from empirical.backbones.small_resnet import SmallResNet
from empirical.methods import FT, FT_EVAL
from empirical.training import OPTIMISER, TrainingRun, TrainingSet, batch_order, cosine_learning_rate, fine_tune

KEY = jax.random.key(0)
START = Classifier(SmallResNet(widths=(4, 6), key=KEY), random_head(10, 6, key=KEY))
DRAW = np.random.default_rng(0)
DATA = TrainingSet(
    jnp.asarray(DRAW.integers(0, 256, (10, 32, 32, 3)), jnp.uint8), jnp.asarray(DRAW.integers(0, 10, 10), jnp.int32)
)
RUN = TrainingRun(method=FT, learning_rate=0.05, epochs=2, batch_size=4, seed=0)


def epochs_of(run: TrainingRun) -> list:
    epochs = []
    assert fine_tune(START, DATA, run, epochs.append) is None
    return epochs


def test_the_schedule_starts_at_the_rate_and_still_moves_in_the_last_epoch():
    values = [cosine_learning_rate(0.1, epoch, 4) for epoch in range(4)]
    np.testing.assert_allclose(values, [0.1, 0.05 * (1 + math.sqrt(0.5)), 0.05, 0.05 * (1 - math.sqrt(0.5))])


@given(st.integers(1, 200), st.integers(0, 50), st.integers(0, 50))
def test_every_epoch_visits_every_image_once(count, seed, epoch):
    order = batch_order(count, seed=seed, epoch=epoch)
    assert sorted(order) == list(range(count))
    np.testing.assert_array_equal(order, batch_order(count, seed=seed, epoch=epoch))


def test_a_run_is_a_function_of_its_configuration():
    first, again = epochs_of(RUN), epochs_of(RUN)
    assert [epoch.epoch for epoch in first] == [0, 1, 2]
    assert all(eqx.tree_equal(a.classifier, b.classifier) for a, b in zip(first, again, strict=True))
    other = epochs_of(RUN.model_copy(update={"seed": 1}))
    assert not eqx.tree_equal(first[-1].classifier, other[-1].classifier)


def test_the_first_step_is_plain_gradient_descent():
    run = TrainingRun(method=FT_EVAL, learning_rate=0.01, epochs=1, batch_size=10, seed=0)
    stepped = epochs_of(run)[-1].classifier
    loss = eqx.filter_grad(lambda c: cross_entropy(c(DATA.images / jnp.float32(255), "eval").scores, DATA.labels))
    gradient = eqx.filter_jit(loss)(START)
    expected = START.head.weight - 0.01 * gradient.head.weight
    np.testing.assert_allclose(stepped.head.weight, expected, atol=1e-6)  # the batch is summed in another order


def test_momentum_keeps_the_learning_rate_outside():
    state = OPTIMISER.init(jnp.zeros((), jnp.float32))
    for gradient in (1.0, 1.0):
        update, state = OPTIMISER.update(jnp.float32(gradient), state)
    assert float(update) == pytest.approx(1.9)


def test_a_run_stays_in_float32():
    last = epochs_of(RUN)[-1].classifier
    assert {leaf.dtype for leaf in jax.tree.leaves(last)} == {jnp.dtype(jnp.float32)}


def test_a_loss_that_is_not_finite_ends_the_run_and_says_so():
    epochs = []
    reason = fine_tune(START, DATA, RUN.model_copy(update={"learning_rate": 1e39}), epochs.append)
    assert reason is not None
    assert "epoch 1" in reason
    assert [epoch.epoch for epoch in epochs] == [0]
