"""A run as its caller sees it: epochs, what is kept, the same numbers however it is fed, and how it fails."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from artifacts import UserError
from empirical.augment import Transform, apply
from empirical.backbones.backbone import Forward
from empirical.backbones.classifier import Classifier
from empirical.datasets.image_sets import ImageRows, ImageSet
from empirical.methods import EMBEDDING, FT, FT_EVAL, LP, MIXUP, NORM_ONLY
from empirical.training import Diverged, Report, Resident, Streamed, TrainingRun, feeds, train, training_data
from tests.support.tiny_network import CLASSES, NETWORK, SIDE, START, TinyNetwork, examples

DATA = examples(10)
RUN = TrainingRun(method=FT, learning_rate=0.05, epochs=2, batch_size=4, seed=0)
ATOL = 2e-6  # the same sums in another order


def image_set(count: int, side: int = 6) -> ImageSet:
    draw = np.random.default_rng(1)
    pixels = draw.integers(0, 256, (count, side, side, 3)).astype(np.uint8)
    rows = ImageRows("drawn", pixels, np.arange(count))
    return ImageSet(name="drawn", images=rows, labels=draw.integers(0, CLASSES, count).astype(np.int32))


def epochs_of(run: TrainingRun, data=DATA, start=START) -> list:
    found = []

    def look(epoch) -> Report:
        found.append(epoch)
        return Report(epoch.record())

    assert train(start, data, run, look).failure is None
    return found


def test_a_run_is_a_function_of_its_configuration():
    first, again = epochs_of(RUN), epochs_of(RUN)
    assert [epoch.epoch for epoch in first] == [0, 1, 2]
    assert [epoch.training_loss is None for epoch in first] == [True, False, False]
    assert [len(epoch.history) for epoch in first] == [0, 1, 2]
    assert all(eqx.tree_equal(a.classifier, b.classifier) for a, b in zip(first, again, strict=True))
    assert [a.training_loss for a in first] == [b.training_loss for b in again]
    other = epochs_of(RUN.model_copy(update={"seed": 1}))
    assert not eqx.tree_equal(first[-1].classifier, other[-1].classifier)


def test_the_start_and_every_epoch_survive_the_run():
    before = jax.tree.map(np.asarray, START)
    epochs = epochs_of(RUN)
    assert eqx.tree_equal(before, jax.tree.map(np.asarray, START))
    assert eqx.tree_equal(epochs[0].classifier, START)
    assert all(np.isfinite(np.asarray(leaf)).all() for epoch in epochs for leaf in jax.tree.leaves(epoch.classifier))


@pytest.mark.parametrize("length", [1, 3])
def test_no_bit_depends_on_where_the_loop_is_cut(length, monkeypatch):
    run = RUN.model_copy(update={"method": MIXUP, "batch_size": 2})
    whole = epochs_of(run)[-1]
    monkeypatch.setattr(feeds, "SHORT", 0.0)  # never longer
    monkeypatch.setattr(feeds.ResidentFeed, "length", length)
    cut = epochs_of(run)[-1]
    assert cut.training_loss == whole.training_loss
    assert eqx.tree_equal(cut.classifier, whole.classifier)


def test_the_caller_says_what_is_kept():
    outcome = train(START, DATA, RUN, lambda epoch: Report(epoch.record(), keep=epoch.epoch == 1))
    epochs = epochs_of(RUN)
    assert outcome.kept_epoch == 1
    assert eqx.tree_equal(outcome.kept, epochs[1].classifier)
    assert eqx.tree_equal(outcome.classifier, epochs[2].classifier)
    assert outcome.records == tuple(epoch.record() for epoch in epochs)
    assert train(START, DATA, RUN).kept is None


def test_a_limit_of_steps_ends_a_run_in_its_middle():
    epochs = []

    def look(epoch) -> Report:
        epochs.append(epoch)
        return Report(epoch.record())

    outcome = train(START, DATA, RUN, look, max_steps=4)
    assert len(epochs) == 2  # before training and after the three steps of the first epoch
    assert not eqx.tree_equal(outcome.classifier, epochs[-1].classifier)


# -- the same batches from every source ----------------------------------------------------------------------------


def test_floats_bytes_and_streams_give_the_same_run():
    images, transform = image_set(10), Transform(crop="resize", side=SIDE)
    sources = [
        training_data(images, transform),
        training_data(images, transform, resident_bytes=10 * 6 * 6 * 3),
        training_data(images, transform, resident_bytes=0),
    ]
    assert [type(source) for source in sources] == [Resident, Resident, Streamed]
    assert [source.images.dtype for source in sources[:2]] == [jnp.float32, jnp.uint8]
    runs = [epochs_of(RUN, source)[-1] for source in sources]
    for other in runs[1:]:
        assert other.training_loss == pytest.approx(runs[0].training_loss, abs=ATOL)
        for a, b in zip(jax.tree.leaves(other.classifier), jax.tree.leaves(runs[0].classifier), strict=True):
            np.testing.assert_allclose(a, b, atol=ATOL)


def test_what_is_drawn_for_an_image_does_not_depend_on_how_it_is_read():
    images, transform = image_set(6), Transform(crop="random_resized_crop", side=SIDE, flip=True)
    resident = training_data(images, transform)
    assert isinstance(resident, Resident)
    key, chosen = feeds.epoch_keys(0, 3).augmentation, jnp.array([4, 1], jnp.int32)
    extents = jnp.full((2, 2), 6, jnp.int32)
    pixels = np.stack([images.images[4], images.images[1]])
    expected = apply(jnp.asarray(pixels), extents, chosen, transform=transform, key=key)
    np.testing.assert_allclose(resident.batch(chosen, key=key), expected, atol=ATOL)
    other = resident.batch(chosen, key=feeds.epoch_keys(0, 4).augmentation)
    assert not np.allclose(other, expected)


def test_images_of_several_shapes_are_streamed():
    class Ragged(ImageRows):
        def __getitem__(self, index: int):
            return super().__getitem__(index)[: 5 + index % 2]

    even = image_set(6)
    rows = Ragged(even.images.origin, even.images.pixels, even.images.rows)
    ragged = ImageSet(name="ragged", images=rows, labels=even.labels)
    data = training_data(ragged, Transform(crop="random_resized_crop", side=SIDE))
    assert isinstance(data, Streamed)
    assert len(epochs_of(RUN, data)) == 3


# -- what goes wrong -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["resident", "streamed"])
def test_a_loss_that_is_not_finite_ends_the_run_and_says_where(source):
    data = DATA if source == "resident" else Streamed(image_set(10), Transform(crop="resize", side=SIDE))
    epochs = []

    def look(epoch) -> Report:
        epochs.append(epoch)
        return Report(epoch.record())

    outcome = train(START, data, RUN.model_copy(update={"learning_rate": 1e39}), look)
    assert outcome.failure is not None
    assert "epoch 1, step 2" in outcome.failure
    assert [epoch.epoch for epoch in epochs] == [0]


def test_an_epoch_that_cannot_be_judged_ends_the_run_and_keeps_the_earlier_ones():
    def judge(epoch):
        if epoch.epoch == 2:
            raise Diverged("Scores must be finite.")
        return Report(epoch.record(), keep=True)

    outcome = train(START, DATA, RUN.model_copy(update={"epochs": 3}), judge)
    assert outcome.failure == "Scores must be finite."
    assert [record.epoch for record in outcome.records] == [0, 1]
    assert outcome.kept_epoch == 1


def test_an_empty_set_is_refused():
    empty = Resident(DATA.images[:0], DATA.labels[:0])
    with pytest.raises(UserError, match="at least one image"):
        train(START, empty, RUN)


def test_the_solved_probe_is_not_trained():
    with pytest.raises(ValueError, match="solved"):
        TrainingRun(method=LP, learning_rate=0.1, epochs=1, batch_size=4, seed=0)


def test_a_method_that_finds_nothing_to_train_is_refused():
    class Bare(TinyNetwork):
        """All norm layers frozen: none of the roles that norm-only training needs."""

        def roles(self):
            from empirical.backbones.backbone import Role

            return jax.tree.map(lambda role: Role("kernel", 1), super().roles())

    bare = Classifier(Bare(key=jax.random.key(0)), START.head)
    with pytest.raises(UserError, match="norm_affine"):
        train(bare, DATA, RUN.model_copy(update={"method": NORM_ONLY}))
    with pytest.raises(UserError, match="block 0"):
        train(bare, DATA, RUN.model_copy(update={"method": FT.model_copy(update={"freezes": (EMBEDDING,)})}))


class Enormous(TinyNetwork):
    """Needs more memory for one batch than any machine has."""

    def __call__(self, images, norm_mode) -> Forward:
        features, network = super().__call__(images, norm_mode)
        wide = jnp.broadcast_to(jnp.sum(features), (2**22, 2**22)) * jnp.arange(2**22, dtype=jnp.float32)
        # A product has all of it in memory at once. (Sorting it would, too, but ends newer versions of XLA.)
        return Forward(features + jnp.sum((wide @ wide)[1]), network)


@pytest.mark.parametrize("method", [FT, FT_EVAL])
def test_too_little_memory_names_the_settings_to_change(method):
    start = Classifier(Enormous(key=jax.random.key(0)), START.head)
    with pytest.raises(UserError, match="batch_size") as caught:
        train(start, DATA, RUN.model_copy(update={"method": method}))
    assert ("microbatches" in str(caught.value)) == (method.norm_mode == "eval")
    assert "\n" not in str(caught.value)
    assert NETWORK.side == SIDE
