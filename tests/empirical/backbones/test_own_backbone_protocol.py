"""A backbone of the user's own is called only where it declares itself, and must keep the protocol."""

import sys
import types

import jax
import jax.numpy as jnp
import pytest

from artifacts import UserError
from artifacts.files import digest_of
from empirical.backbones.catalogue import BackboneChoice
from empirical.backbones.checkpoint_locations import CheckpointLocations
from empirical.backbones.checkpoints import weights_fingerprint
from empirical.backbones.loading import load
from empirical.backbones.own import backbone
from empirical.backbones.small_resnet import SmallResNet

KEY = jax.random.key(0)


@backbone
def narrow(checkpoint, *, width=4):
    return SmallResNet(widths=(width, 6), key=KEY)


@backbone
def no_backbone(checkpoint):
    return {"weights": 1}


class WrongWidth(SmallResNet):
    @property
    def feature_dim(self):
        return 7


class WrongRoles(SmallResNet):
    def roles(self):
        return [1, 2]


@backbone
def wrong_width(checkpoint):
    return WrongWidth(widths=(4, 6), key=KEY)


@backbone
def wrong_roles(checkpoint):
    return WrongRoles(widths=(4, 6), key=KEY)


@backbone
def half_weights(checkpoint):
    return jax.tree.map(lambda leaf: leaf.astype(jnp.float16), narrow(checkpoint))


@pytest.fixture
def own(monkeypatch):
    """This file as an importable module."""
    module = types.ModuleType("own_backbones")
    module.__dict__.update({name: value for name, value in globals().items() if callable(value)})
    monkeypatch.setitem(sys.modules, "own_backbones", module)
    return lambda function, **options: BackboneChoice(name=f"own_backbones:{function}", options=options)


def undeclared(checkpoint):
    raise AssertionError("only functions that declare themselves are called")


@pytest.mark.parametrize("name", ["own_backbones:undeclared", "numpy:load", "os:system", "own_backbones:SmallResNet"])
def test_only_what_declares_itself_is_called(own, name, tmp_path):
    (tmp_path / "w").write_bytes(b"weights")
    choice = BackboneChoice(name=name, checkpoint=tmp_path / "w", options={"allow_pickle": True})
    with pytest.raises(UserError, match="must be declared as a backbone"):
        load(choice, CheckpointLocations())


@pytest.mark.parametrize("name", [":load", "numpy:", "numpy:load:x", "../x:load", "numpy:a.b", "a" * 10 + ".:b"])
def test_a_name_that_is_no_function_is_not_imported(name):
    with pytest.raises(UserError, match="must be named package"):
        load(BackboneChoice(name=name), CheckpointLocations())


def test_a_backbone_of_ones_own(own, tmp_path):
    loaded = load(own("narrow", width=5), CheckpointLocations())
    assert loaded.backbone.feature_dim == 6
    assert loaded.fingerprint == weights_fingerprint(loaded.backbone)
    (tmp_path / "w").write_bytes(b"weights")
    named = own("narrow").model_copy(update={"checkpoint": tmp_path / "w"})
    assert load(named, CheckpointLocations()).provenance["source_sha256"] == digest_of(tmp_path / "w")
    with pytest.raises(UserError, match="a checkpoint that is a file"):
        load(named.model_copy(update={"checkpoint": tmp_path / "none"}), CheckpointLocations())


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        ("missing", {}, "be importable"),
        ("narrow", {"depth": 3}, r"the options \['depth'\]"),
        ("no_backbone", {}, "must return a Backbone"),
        ("wrong_width", {}, "features of width 7"),
        ("wrong_roles", {}, "own structure"),
        ("half_weights", {}, "float32 array, got float16"),
    ],
)
def test_what_does_not_keep_the_protocol_is_refused(own, function, options, message):
    with pytest.raises(UserError, match=message):
        load(own(function, **options), CheckpointLocations())
