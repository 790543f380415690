"""Where heads start, and the networks between two."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts import UserError
from empirical.backbones.classifier import Classifier, Head, cross_entropy, random_head
from empirical.methods import FT, FT_EVAL, LORA, LP_FT, NORM_MATCHED_LP_FT, PartialProbe, ScaledRandom
from empirical.training import TrainingRun, interpolated, norm_matched, starting_classifier, train
from empirical.training.variables import variables
from tests.support.tiny_network import CLASSES, NETWORK, PROBE, START, WIDTH, TinyNetwork, examples

DATA = examples(12)


def head_of(method, **given) -> Head:
    return starting_classifier(method, NETWORK, classes=CLASSES, seed=3, **given).head


def test_a_random_head_is_the_seeds():
    expected = random_head(CLASSES, WIDTH, key=jax.random.key(3))
    assert eqx.tree_equal(head_of(FT), expected)
    assert eqx.tree_equal(head_of(FT_EVAL), expected)


def test_a_probe_is_taken_as_it_is():
    assert eqx.tree_equal(head_of(LP_FT, probe=PROBE), PROBE)


@given(st.floats(0.01, 100), st.integers(0, 5))
def test_a_matched_head_has_the_spread_of_a_fresh_one_and_the_probes_direction(scale, seed):
    fresh = random_head(CLASSES, WIDTH, key=jax.random.key(seed))
    probe = jax.tree.map(lambda a: jnp.float32(scale) * a, PROBE)
    matched = norm_matched(probe, fresh)
    assert float(jnp.std(matched.weight)) == pytest.approx(float(jnp.std(fresh.weight)), rel=1e-5)
    np.testing.assert_allclose(matched.bias * probe.weight[0, 0], probe.bias * matched.weight[0, 0], rtol=1e-4)


def test_the_named_method_matches():
    expected = norm_matched(PROBE, random_head(CLASSES, WIDTH, key=jax.random.key(3)))
    assert eqx.tree_equal(head_of(NORM_MATCHED_LP_FT, probe=PROBE), expected)


@pytest.mark.parametrize(
    ("probe", "words"), [(None, "solve it first"), (random_head(CLASSES + 1, WIDTH, key=jax.random.key(0)), "shape")]
)
def test_a_probe_that_is_missing_or_does_not_fit_is_refused(probe, words):
    with pytest.raises(UserError, match=words):
        head_of(LP_FT, probe=probe)


def test_a_random_head_may_be_larger_and_is_the_same_draw():
    larger = FT.model_copy(update={"name": "x", "head_start": ScaledRandom(scale=10.0)})
    fresh, scaled = head_of(FT), head_of(larger)
    np.testing.assert_allclose(scaled.weight, 10 * fresh.weight, rtol=1e-6)  # float32
    np.testing.assert_array_equal(scaled.bias, fresh.bias)


def partly(steps: int):
    return FT.model_copy(update={"name": "x", "head_start": PartialProbe(steps=steps, learning_rate=0.3)})


def test_a_partial_probe_is_a_dial_from_a_fresh_head_to_a_good_one():
    def loss(steps: int) -> float:
        head = head_of(partly(steps), data=DATA, batch_size=4)
        return float(cross_entropy(Classifier(NETWORK, head)(DATA.images, "eval").scores, DATA.labels))

    losses = [loss(steps) for steps in (0, 4, 40)]  # 40 steps are more than one pass
    assert losses == sorted(losses, reverse=True)
    assert eqx.tree_equal(head_of(partly(0)), head_of(FT))


def test_a_partial_probe_changes_nothing_but_the_head_and_needs_data():
    start = starting_classifier(partly(3), NETWORK, classes=CLASSES, seed=3, data=DATA, batch_size=4)
    assert eqx.tree_equal(start.backbone, NETWORK)
    with pytest.raises(UserError, match="data"):
        head_of(partly(3))


# -- low-rank updates ----------------------------------------------------------------------------------------------


def test_low_rank_training_starts_at_the_pretrained_network_and_ends_as_an_ordinary_one():
    assert eqx.tree_equal(variables(START, LORA, key=jax.random.key(1)).merged(), START)
    run = TrainingRun(method=LORA, learning_rate=0.3, epochs=1, batch_size=4, seed=0)
    trained = train(START, DATA, run).classifier
    assert jax.tree.structure(trained) == jax.tree.structure(START)


def test_the_merged_network_computes_what_training_computed():
    adapted = variables(START, LORA, key=jax.random.key(1))
    grown = jax.tree.map(lambda a: a + 0.3, adapted.updates)
    adapted = type(adapted)(START, grown)
    inside = eqx.filter_jit(lambda v: v.merged()(DATA.images, "eval").scores)(adapted)
    outside = eqx.filter_jit(lambda c: c(DATA.images, "eval").scores)(adapted.merged())
    np.testing.assert_allclose(inside, outside, atol=2e-6)  # the same product, compiled twice


# -- interpolation -------------------------------------------------------------------------------------------------

OTHER = Classifier(TinyNetwork(key=jax.random.key(9)), random_head(CLASSES, WIDTH, key=jax.random.key(8)))


def test_the_ends_are_the_networks_themselves():
    assert eqx.tree_equal(interpolated(START, OTHER, 0.0), START)
    assert eqx.tree_equal(interpolated(START, OTHER, 1.0), OTHER)


@given(st.floats(0, 1))
def test_every_array_lies_on_the_line_statistics_too(weight):
    found = interpolated(START, OTHER, weight)
    for a, b, c in zip(*map(jax.tree.leaves, (START, OTHER, found)), strict=True):
        np.testing.assert_allclose(c, (1 - weight) * a + weight * b, atol=1e-6)
        assert c.dtype == jnp.float32


def test_two_architectures_have_nothing_between_them():
    with pytest.raises(UserError, match="one architecture"):
        interpolated(START, Classifier(NETWORK, random_head(CLASSES + 1, WIDTH, key=jax.random.key(0))), 0.5)
