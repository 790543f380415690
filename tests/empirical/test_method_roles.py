"""Exactly which parameters each method moves, in each norm mode."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from empirical.backbones.classifier import Classifier, random_head
from empirical.backbones.small_resnet import SmallResNet
from empirical.methods import FINE_TUNING, FT, LP, LP_FT
from empirical.training import TrainingRun, TrainingSet, fine_tune

KEY = jax.random.key(0)
START = Classifier(SmallResNet(widths=(4, 6), key=KEY), random_head(10, 6, key=KEY))
DRAW = np.random.default_rng(0)
DATA = TrainingSet(
    jnp.asarray(DRAW.integers(0, 256, (10, 32, 32, 3)), jnp.uint8), jnp.asarray(DRAW.integers(0, 10, 10), jnp.int32)
)


def moved_roles(method) -> set[str]:
    epochs = []
    run = TrainingRun(method=method, learning_rate=0.1, epochs=1, batch_size=5, seed=0)
    assert fine_tune(START, DATA, run, epochs.append) is None
    trees = (START.roles(), START, epochs[-1].classifier)
    return {role.kind for role, old, new in zip(*map(jax.tree.leaves, trees), strict=True) if bool(jnp.any(old != new))}


@pytest.mark.parametrize("method", FINE_TUNING, ids=lambda method: f"{method.name}-{method.norm_mode}")
def test_fine_tuning_moves_everything_and_statistics_only_in_train_mode(method):
    statistics = {"norm_statistics"} if method.norm_mode == "train" else set()
    assert moved_roles(method) == {"kernel", "norm_affine", "head"} | statistics


def test_what_a_method_does_not_name_stays():
    assert moved_roles(LP_FT.model_copy(update={"trains": ("head",)})) == {"head"}
    assert moved_roles(LP_FT.model_copy(update={"trains": ("norm_affine", "head")})) == {"norm_affine", "head"}


def test_the_papers_methods_are_what_the_paper_says():
    assert (FT.head_start, FT.norm_mode) == ("random", "train")
    assert (LP_FT.head_start, LP_FT.norm_mode) == ("linear_probe", "eval")
    assert LP.trains == ()
    assert len({(method.name, method.norm_mode) for method in FINE_TUNING}) == 4
