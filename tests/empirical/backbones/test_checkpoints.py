"""Checkpoints are read strictly: every expected tensor once, no other, and nothing damaged."""

from dataclasses import asdict

import equinox as eqx
import jax
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from artifacts import UserError
from empirical.backbones.catalogue import SHIPPED, BackboneChoice
from empirical.backbones.checkpoint_locations import CheckpointLocations
from empirical.backbones.checkpoints import (
    read_checkpoint,
    read_provenance,
    tensors,
    weights_fingerprint,
    write_checkpoint,
    write_tensors,
)
from empirical.backbones.loading import load
from empirical.backbones.small_resnet import SmallResNet
from empirical.pretraining import Pretraining, pretrain

NETWORK = SmallResNet(widths=(4, 6), key=jax.random.key(0))


def write(path, change):
    arrays = tensors(NETWORK)
    change(arrays)
    save_file(arrays, path)
    return path


def test_what_is_written_is_read(tmp_path):
    write_checkpoint(tmp_path / "a.safetensors", NETWORK, {"command": "none", "seed": 3})
    again = read_checkpoint(tmp_path / "a.safetensors", SmallResNet(widths=(4, 6), key=jax.random.key(1)))
    for name, array in tensors(NETWORK).items():
        np.testing.assert_array_equal(tensors(again)[name], array)
    assert read_provenance(tmp_path / "a.safetensors") == {"command": "none", "seed": 3}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("stem.kernel"), r"1 missing \['stem.kernel'\]"),
        (lambda a: a.update(extra=np.zeros(2, np.float32)), r"1 unexpected \['extra'\]"),
        (lambda a: a.update({"stem_norm.scale": np.ones(5, np.float32)}), r"stem_norm.scale must be float32\[4\]"),
        (lambda a: a.update({"stem_norm.scale": np.ones(4)}), "got float64"),
        (lambda a: a.update({"stem_norm.scale": np.full(4, np.nan, np.float32)}), "must be finite"),
    ],
)
def test_whatever_differs_is_refused(tmp_path, change, message):
    with pytest.raises(UserError, match=message):
        read_checkpoint(write(tmp_path / "a.safetensors", change), NETWORK)


@pytest.mark.parametrize("keep", [0, 4, 200, -1])
def test_a_damaged_file_is_refused(tmp_path, keep):
    path = write(tmp_path / "a.safetensors", lambda arrays: None)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UserError, match="readable safetensors"):
        read_checkpoint(path, NETWORK)


def test_a_missing_file_is_a_clear_error(tmp_path):
    with pytest.raises(UserError, match=r"none\.safetensors"):
        read_checkpoint(tmp_path / "none.safetensors", NETWORK)


def test_the_shipped_network_is_small_and_says_where_it_comes_from():
    provenance = read_provenance(SHIPPED)
    assert SHIPPED.stat().st_size < 1_000_000
    assert provenance["command"] == "python -m empirical.pretraining --out PATH"
    assert provenance["configuration"] == asdict(Pretraining())
    assert provenance["held_out_font_accuracy"] > 0.7  # 45 classes in eight looks, fonts never trained on
    loaded = load(BackboneChoice(name="small_resnet"), CheckpointLocations())
    assert (loaded.backbone.feature_dim, loaded.backbone.blocks, loaded.backbone.side) == (96, 3, None)
    assert loaded.provenance == provenance


def test_the_fingerprint_follows_every_weight():
    assert weights_fingerprint(NETWORK) == weights_fingerprint(SmallResNet(widths=(4, 6), key=jax.random.key(0)))
    other = eqx.tree_at(lambda net: net.stem_norm.shift, NETWORK, NETWORK.stem_norm.shift.at[1].add(1e-6))
    assert weights_fingerprint(NETWORK) != weights_fingerprint(other)


@pytest.mark.slow
def test_pretraining_is_a_function_of_its_seed():
    first, again = (pretrain(Pretraining(steps=2, batch_size=4, seed=1)) for _ in range(2))
    for name, array in tensors(first.network).items():
        np.testing.assert_array_equal(array, tensors(again.network)[name])
    assert {array.dtype for array in tensors(first.network).values()} == {np.dtype(np.float32)}


def test_arrays_in_any_memory_order_are_read_as_they_were(tmp_path):
    array = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    write_tensors(tmp_path / "a.safetensors", {"array": array})
    np.testing.assert_array_equal(load_file(tmp_path / "a.safetensors")["array"], array)
