"""Exactly which parameters each method moves, by role, and which not; running statistics included."""

import itertools

import jax
import jax.numpy as jnp
import pytest

from empirical.methods import (
    FREEZE_THEN_FT,
    FT,
    GRADUAL_UNFREEZING,
    LORA,
    LP_FT,
    METHODS,
    SGD_PROBE,
    SIDE_TUNING,
    Method,
    Parameters,
)  # fmt: skip
from empirical.records import EpochRecord
from empirical.training import Report, TrainingRun, starting_classifier, train
from tests.support.tiny_network import BLOCKS, CLASSES, NETWORK, PROBE, examples

DATA = examples(8)
HEAD = {("head", BLOCKS + 1)}
TOKEN = {("token", 0)}


def blocks(kind: str, first: int = 0) -> set[tuple[str, int]]:
    return {(kind, block) for block in range(first, BLOCKS + 1)}


KERNELS, NORMS, STATISTICS = blocks("kernel"), blocks("norm_affine"), blocks("norm_statistics")
EVERYTHING = KERNELS | NORMS | TOKEN | HEAD
UPPER = blocks("kernel", 1) | blocks("norm_affine", 1) | TOKEN | HEAD
EXPECTED = {
    "FT (train)": EVERYTHING | STATISTICS,
    "FT (eval)": EVERYTHING,
    "LP-FT (eval)": EVERYTHING,
    "LP-FT (train)": EVERYTHING | STATISTICS,
    "SGD probe (eval)": HEAD,
    "SGD probe (train)": HEAD | STATISTICS,
    "L2-SP (train)": EVERYTHING | STATISTICS,
    "LP-FT + L2-SP (eval)": EVERYTHING,
    "larger head rate (train)": EVERYTHING | STATISTICS,
    "norm-only FT (train)": NORMS | HEAD | STATISTICS,
    "norm-matched LP-FT (eval)": EVERYTHING,
    "frozen embedding (train)": UPPER | STATISTICS,
    "lower embedding rate (train)": EVERYTHING | STATISTICS,
    "gradual unfreezing (train)": UPPER | STATISTICS,
    "gradual unfreezing, boosted (train)": UPPER | STATISTICS,
    "freeze then FT (train)": EVERYTHING | STATISTICS,
    "mixup (train)": EVERYTHING | STATISTICS,
    "LoRA (eval)": KERNELS | HEAD,
    "WiSE-FT (eval)": EVERYTHING,
    "FT, AdamW (train)": EVERYTHING | STATISTICS,
    "LP-FT, AdamW (eval)": EVERYTHING,
}


def moved(before, after) -> set[tuple[str, int]]:
    """Roles of which some array differs."""
    trees = zip(*map(jax.tree.leaves, (before.roles(), before, after)), strict=True)
    return {(role.kind, role.block) for role, old, new in trees if bool(jnp.any(old != new))}


def still(before, after) -> set[tuple[str, int]]:
    """Roles of which some array is the same bit for bit."""
    trees = zip(*map(jax.tree.leaves, (before.roles(), before, after)), strict=True)
    return {(role.kind, role.block) for role, old, new in trees if bool(jnp.all(old == new))}


def epochs_of(method: Method, learning_rate: float = 0.02) -> list:
    found = []

    def look(epoch) -> Report:
        found.append(epoch.classifier)
        record = EpochRecord(epoch=epoch.epoch, learning_rate=0.0, training_loss=None, sets={}, movement={})
        return Report(record)

    run = TrainingRun(method=method, learning_rate=learning_rate, epochs=3, batch_size=4, seed=0)
    start = starting_classifier(method, NETWORK, classes=CLASSES, seed=0, probe=PROBE, data=DATA)
    assert train(start, DATA, run, look).failure is None
    return found


def test_every_named_method_is_expected_here():
    assert set(EXPECTED) | {"LP (eval)", "side-tuning (train)"} == set(METHODS)


@pytest.mark.parametrize("label", EXPECTED)
def test_a_method_moves_these_parameters_and_no_others(label):
    start, *_, end = epochs_of(METHODS[label])
    assert moved(start, end) == EXPECTED[label]
    # LoRA updates kernels of two axes; their biases, of the same role, stay.
    assert (
        still(start, end) - (KERNELS if label.startswith("LoRA") else set())
        == (EVERYTHING | STATISTICS) - EXPECTED[label]
    )


def test_side_tuning_leaves_the_pretrained_network_and_its_statistics_alone():
    start, *_, end = epochs_of(SIDE_TUNING)
    assert moved(start.backbone.pretrained, end.backbone.pretrained) == set()
    assert moved(start.backbone.beside, end.backbone.beside) == (EVERYTHING | STATISTICS) - HEAD
    assert moved(start.backbone.pretrained, NETWORK) == set()
    assert {kind for kind, _ in moved(start.backbone.beside, NETWORK)} == {"kernel", "token"}
    assert bool(jnp.all(start.head.weight != end.head.weight))


def test_blocks_open_from_the_top():
    epochs = epochs_of(GRADUAL_UNFREEZING.model_copy(update={"norm_mode": "eval"}))
    steps = [moved(before, after) for before, after in itertools.pairwise(epochs)]
    top = {("kernel", 2), ("norm_affine", 2)}
    assert steps == [HEAD, HEAD | top, UPPER]


def test_the_embedding_opens_with_the_first_block_where_nothing_freezes_it():
    method = GRADUAL_UNFREEZING.model_copy(update={"norm_mode": "eval", "freezes": ()})
    *_, before, after = epochs_of(method)
    assert moved(before, after) == EVERYTHING


def test_the_head_trains_alone_until_everything_does():
    epochs = epochs_of(FREEZE_THEN_FT.model_copy(update={"norm_mode": "eval"}))
    steps = [moved(before, after) for before, after in itertools.pairwise(epochs)]
    assert steps == [HEAD, EVERYTHING, EVERYTHING]


def test_any_block_of_any_kind_can_be_frozen():
    frozen = (Parameters(kinds=("kernel",), first=1, last=1), Parameters(kinds=("norm_affine",), first=2))
    start, *_, end = epochs_of(FT.model_copy(update={"freezes": frozen, "norm_mode": "eval"}))
    assert moved(start, end) == EVERYTHING - {("kernel", 1), ("norm_affine", 2)}


def test_low_rank_updates_have_that_rank_and_stay_in_their_blocks():
    method = LORA.model_copy(update={"adapter": LORA.adapter.model_copy(update={"rank": 2, "first": 1})})
    start, *_, end = epochs_of(method, learning_rate=1.0)
    assert moved(start, end) == blocks("kernel", 1) | HEAD
    update = end.backbone.layers[1].kernel - start.backbone.layers[1].kernel
    singular = jnp.linalg.svd(update, compute_uv=False)
    assert float(singular[1]) > 1e-4
    assert float(singular[2]) < 1e-6  # rounding of float32 sums of size 1


def test_what_trains_with_the_head_alone_starts_where_it_says():
    assert epochs_of(LP_FT)[0].head.weight is not PROBE.weight
    assert bool(jnp.all(epochs_of(LP_FT)[0].head.weight == PROBE.weight))
    assert not bool(jnp.any(epochs_of(SGD_PROBE)[0].head.weight == PROBE.weight))
