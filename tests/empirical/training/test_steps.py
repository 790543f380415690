"""One step: gradient descent, PyTorch's momentum and AdamW, penalties, mixing, microbatches."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from empirical.backbones.classifier import cross_entropy
from empirical.methods import FT_EVAL, L2SP, LP_FT, SGD, SGD_PROBE, AdamW, Method, Mixup, Schedule
from empirical.training import Resident, TrainingRun, train
from empirical.training.groups import grouping
from empirical.training.objective import examples as mixed
from empirical.training.step import Rule
from empirical.training.variables import variables
from tests.support.tiny_network import START, examples

ATOL = 1e-6  # float32 sums of order 1, taken in another order
DATA = examples(8)
RATE = 0.05


def trained(method: Method, epochs: int = 1, data: Resident = DATA, **settings):
    given = {"learning_rate": RATE, "epochs": epochs, "batch_size": len(data), "seed": 0, **settings}
    outcome = train(START, data, TrainingRun(method=method, **given))
    assert outcome.failure is None
    return outcome.classifier


def gradient(classifier, data: Resident = DATA):
    loss = eqx.filter_grad(lambda c: cross_entropy(c(data.images, "eval").scores, data.labels))
    return eqx.filter_jit(loss)(classifier)


def assert_close(left, right, atol=ATOL):
    for a, b in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        np.testing.assert_allclose(a, b, atol=atol)


def moving(classifier):
    """Zero where an array is no parameter."""
    return jax.tree.map(lambda role, a: 0.0 * a if role.kind == "norm_statistics" else a, START.roles(), classifier)


def test_the_first_step_is_plain_gradient_descent():
    expected = jax.tree.map(lambda p, g: p - RATE * g, START, moving(gradient(START)))
    assert_close(trained(FT_EVAL), expected)


def test_momentum_keeps_the_learning_rate_outside():
    constant = FT_EVAL.model_copy(update={"schedule": Schedule(decay="constant")})
    once = jax.tree.map(lambda p, g: p - RATE * g, START, moving(gradient(START)))
    twice = jax.tree.map(
        lambda p, first, now: p - RATE * (0.9 * first + now), once, moving(gradient(START)), moving(gradient(once))
    )
    assert_close(trained(constant, epochs=2), twice)


@pytest.mark.extra
@pytest.mark.parametrize("optimiser", [SGD(weight_decay=0.1), SGD(momentum=0.0), AdamW(weight_decay=0.1), AdamW()])
@pytest.mark.parametrize("clip", [None, 0.05])
def test_optimisers_are_pytorchs(optimiser, clip):
    torch = pytest.importorskip("torch")
    optimiser = optimiser.model_copy(update={"clip_norm": clip})
    features = START.backbone(DATA.images, "eval").features
    head = torch.nn.Linear(*reversed(START.head.weight.shape))
    with torch.no_grad():
        head.weight.copy_(torch.tensor(np.asarray(START.head.weight)))
        head.bias.copy_(torch.tensor(np.asarray(START.head.bias)))
    if isinstance(optimiser, SGD):
        theirs = torch.optim.SGD(head.parameters(), RATE, optimiser.momentum, weight_decay=optimiser.weight_decay)
    else:
        theirs = torch.optim.AdamW(head.parameters(), RATE, weight_decay=optimiser.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(theirs, 5)
    inputs, labels = torch.tensor(np.asarray(features)), torch.tensor(np.asarray(DATA.labels), dtype=torch.long)
    for _ in range(5):
        theirs.zero_grad()
        torch.nn.functional.cross_entropy(head(inputs), labels).backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(head.parameters(), clip)
        theirs.step()
        schedule.step()
    # The probe trains from START's own head: the loop takes any start.
    ours = trained(SGD_PROBE.model_copy(update={"optimiser": optimiser}), epochs=5).head
    np.testing.assert_allclose(ours.weight, head.weight.detach().numpy(), atol=2e-5)  # five steps of Adam's division
    np.testing.assert_allclose(ours.bias, head.bias.detach().numpy(), atol=2e-5)


def test_the_penalty_pulls_the_backbone_and_not_the_head():
    strong = LP_FT.model_copy(update={"penalty": L2SP(strength=0.5)})
    plain, pulled = trained(LP_FT, epochs=2), trained(strong, epochs=2)
    # The first step starts at the reference, where the penalty is flat; its gradient in the second is 2 w (p1 - p0).
    first = jax.tree.map(lambda g: RATE * g, moving(gradient(START)))
    half = RATE / 2  # the cosine in the second of two epochs
    expected = jax.tree.map(lambda p, d: p + half * 2 * 0.5 * d, plain.backbone, first.backbone)
    assert_close(pulled.backbone, expected)
    assert_close(pulled.head, plain.head)


def test_microbatches_change_nothing_but_the_memory():
    whole = trained(FT_EVAL, epochs=2, batch_size=5)
    # Neither the batches of five nor the last one of three are divided by two.
    assert_close(trained(FT_EVAL, epochs=2, batch_size=5, microbatches=2), whole)


def test_microbatches_are_refused_where_statistics_would_change():
    with pytest.raises(ValueError, match="norm mode"):
        TrainingRun(
            method=FT_EVAL.model_copy(update={"norm_mode": "train"}),
            learning_rate=0.1, epochs=1, batch_size=4, seed=0, microbatches=2,
        )  # fmt: skip


@pytest.mark.parametrize("count", [1, 4, 5])
def test_mixing_keeps_the_mean_and_pairs_with_the_reversed_batch(count):
    images, labels = DATA.images[:count], DATA.labels[:count]
    batch = mixed(images, labels, Mixup(alpha=0.5), key=jax.random.key(3))
    ratio = batch.targets.ratio[0]
    assert 0 <= float(ratio) <= 1
    np.testing.assert_allclose(batch.images, ratio * images + (1 - ratio) * images[::-1])
    np.testing.assert_allclose(jnp.mean(batch.images, 0), jnp.mean(images, 0), atol=ATOL)
    np.testing.assert_array_equal(batch.targets.second, labels[::-1])


def test_mixing_has_the_distribution_it_names():
    keys = jax.random.split(jax.random.key(0), 4000)
    draw = jax.jit(jax.vmap(lambda key: mixed(DATA.images[:1], DATA.labels[:1], Mixup(alpha=0.5), key=key)))
    ratios = draw(keys).targets.ratio
    assert float(jnp.mean(ratios)) == pytest.approx(0.5, abs=0.02)  # deviation 0.354 / sqrt(4000) = 0.006
    assert float(jnp.var(ratios)) == pytest.approx(1 / 8, abs=0.006)  # of Beta(1/2, 1/2)


def test_everything_stays_in_float32():
    for method in (FT_EVAL, FT_EVAL.model_copy(update={"optimiser": AdamW(), "mixing": Mixup()})):
        assert {leaf.dtype for leaf in jax.tree.leaves(trained(method))} == {jnp.dtype(jnp.float32)}


def test_methods_that_differ_only_in_name_and_start_share_their_compiled_step():
    def rule(method):
        run = TrainingRun(method=method, learning_rate=0.1, epochs=1, batch_size=4, seed=0)
        before = variables(START, method, key=jax.random.key(0))
        return Rule.of(run, grouping(before, method), before)

    assert rule(FT_EVAL) == rule(LP_FT)
