"""Published checkpoints are read strictly, found where the catalogue says, converted once, and refused when wrong.

The files are written here, in the published formats, at the published sizes' narrow cousins or by shapes alone.
"""

import json
import sys
import types
from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import save_file

from artifacts import UserError
from artifacts.files import digest_of
from empirical.backbones import catalogue
from empirical.backbones.catalogue import BackboneChoice, agrees, fresh, load, published, read_published
from empirical.backbones.checkpoint_locations import CheckpointLocations, checkpoint_locations
from empirical.backbones.checkpoints import read_provenance, tensors, weights_fingerprint
from empirical.backbones.clip_names import CLIP_RESNET, CLIP_VIT
from empirical.backbones.clip_resnet import ClipResNet
from empirical.backbones.clip_vit import ClipViT, ClipVitSize
from empirical.backbones.conversion import convert
from empirical.backbones.own import backbone
from empirical.backbones.published import BY_NAME, PUBLISHED, WeightsFile
from empirical.backbones.resnet import ResNet
from empirical.backbones.resnet_names import MOCO, MOCO_UNWRAPPED, SWAV, TORCHVISION, TORCHVISION_WRAPPED
from empirical.backbones.small_resnet import SmallResNet
from empirical.backbones.tensor_names import LEADING, speaking, translated
from empirical.backbones.weights_file import stored_tensors
from empirical.datasets.configuration import read_data

KEY = jax.random.key(0)
RESNET = ResNet((1, 1), 4, key=KEY)
VIT = ClipViT(ClipVitSize(32, 16, 64, 1, 8), key=KEY)
CLIP = ClipResNet((1, 1, 1, 1), 4, 8, 32, key=KEY)
DRAW = np.random.default_rng(0)


def outside(network, dialect):
    """A network's arrays under a dialect's names and with its axes."""
    found = {}
    ours = tensors(network)
    for name, origin in dialect.origins(network).items():
        array = ours[name]
        if origin.layout == "convolution":
            array = array.transpose(3, 2, 0, 1)
        if origin.layout == "matrix":
            array = array.T
        if origin.layout in LEADING:
            array = array.reshape((1,) * LEADING[origin.layout] + array.shape)
        found |= dict(zip(origin.names, np.split(array, len(origin.names)), strict=True))
    return found


MOCO_EXTRA = {
    "module.encoder_q.fc.0.weight": np.ones((2, 2), np.float32),
    "module.encoder_q.bn1.num_batches_tracked": np.array(7, np.int64),
    "module.encoder_k.conv1.weight": np.ones((2, 2), np.float32),
    "module.queue": np.ones((2, 2), np.float32),
    "module.queue_ptr": np.zeros(1, np.int64),
}
FORMS = {
    "moco": (RESNET, MOCO, MOCO_EXTRA),
    "swav": (RESNET, SWAV, {"module.prototypes.weight": np.ones((2, 2), np.float32)}),
    "moco, unwrapped": (RESNET, MOCO_UNWRAPPED, {"encoder_k.bn1.bias": np.ones(2, np.float32)}),
    "torchvision, wrapped": (RESNET, TORCHVISION_WRAPPED, {"module.fc.bias": np.ones(2, np.float32)}),
    "timm clip": (CLIP, CLIP_RESNET[1], {}),
    "timm vit": (VIT, CLIP_VIT[3], {"head.bias": np.zeros(8, np.float32)}),
    "torchvision": (RESNET, TORCHVISION, {"fc.weight": np.ones((2, 2), np.float32), "fc.bias": np.ones(2, np.float32)}),
    "clip": (CLIP, CLIP_RESNET[0], {"logit_scale": np.array(4.6, np.float32), "input_resolution": np.array(32)}),
    "openai vit": (VIT, CLIP_VIT[0], {"transformer.resblocks.0.ln_1.weight": np.ones(2, np.float32)}),
    "transformers": (VIT, CLIP_VIT[1], {"vision_model.embeddings.position_ids": np.arange(5)}),
    "without prefix": (VIT, CLIP_VIT[2], {"text_model.final_layer_norm.bias": np.ones(2, np.float32)}),
}


def read(path, like, dialects):
    stored = stored_tensors(path)
    return translated(path, stored, speaking(path, stored, dialects), like)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("write", ["legacy_file", "zip_file", "safetensors"])
def test_every_form_in_every_container(form, write, request, tmp_path):
    network, dialect, extra = FORMS[form]
    arrays = {name: np.ascontiguousarray(one) if one.ndim else one for name, one in outside(network, dialect).items()}
    path = tmp_path / "w"
    if write == "safetensors":
        save_file({**arrays, **extra}, path)
    else:
        request.getfixturevalue(write)(path, {**arrays, **extra})
    known = (MOCO, MOCO_UNWRAPPED, SWAV, TORCHVISION, TORCHVISION_WRAPPED, *CLIP_RESNET, *CLIP_VIT)
    # SwAV's wrapper is torchvision's: which of them is meant, the backbone's name says.
    again = read(path, network, (dialect,) if "wrapped" in form else known)
    assert eqx.tree_equal(again, network)


def test_a_bias_that_the_network_lacks_must_be_zero(tmp_path):
    arrays = {name: np.ascontiguousarray(one) for name, one in outside(VIT, CLIP_VIT[3]).items()}
    save_file({**arrays, "head.bias": np.ones(8, np.float32)}, tmp_path / "w")
    with pytest.raises(UserError, match=r"head\.bias must be zero"):
        read(tmp_path / "w", VIT, CLIP_VIT)


def test_timms_names_are_those_of_its_own_conversion():
    names = {name for origin in CLIP_RESNET[1].origins(CLIP).values() for name in origin.names}
    assert {"stem.conv3.bn.weight", "stages.3.0.conv2_kxk.conv.weight", "stages.0.0.shortcut.conv.bn.running_var",
            "head.proj.bias", "head.pos_embed"} <= names  # fmt: skip


def test_a_file_says_where_its_tensors_are(tmp_path, zip_file, legacy_file, monkeypatch):
    """`key` and `prefix` of the TOML file, on a checkpoint whose author had ideas of their own."""
    arrays = {f"net.body.{name}": one for name, one in outside(RESNET, TORCHVISION).items()}
    legacy_file(tmp_path / "w.pth", {**arrays, "net.other.weight": np.ones(2, np.float32)})
    (tmp_path / "a.toml").write_text(
        '[checkpoints]\nsupervised_resnet50 = { file = "w.pth", key = "state_dict", prefix = "net.body." }\n'
    )
    places = checkpoint_locations(None, read_data(tmp_path / "a.toml").checkpoints)
    one = published("supervised_resnet50")
    path, file = places.existing(one)
    network, _ = read_published(one, path, file, RESNET, places.readings[one.name])
    assert eqx.tree_equal(network, RESNET)
    with pytest.raises(UserError, match=r"must hold a dictionary ema, got .*state_dict.*; correct `key`"):
        stored_tensors(path, "ema")


def without(name):
    return lambda arrays: arrays.pop(name)


def with_(name, value):
    return lambda arrays: arrays.update({name: value})


def renamed(arrays):
    for name in list(arrays):
        arrays[name.replace("module.encoder_q.", "module.base_encoder.")] = arrays.pop(name)


BIAS, STRAY = "module.encoder_q.bn1.bias", "module.encoder_q.layer3.0.conv1.weight"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("module.encoder_q.bn1.running_var"), r"1 missing \[module.encoder_q.bn1.running_var\]"),
        (with_(STRAY, np.ones(2, np.float32)), rf"1 unexpected \[{STRAY}\]"),
        (with_(BIAS, np.ones(5, np.float32)), r"bn1.bias must be float32 .*\[4\], got float32\[5\]"),
        (with_(BIAS, np.ones(4, np.int64)), r"bn1.bias must be float32 .*\[4\], got int64\[4\]"),
        (with_(BIAS, np.full(4, np.nan, np.float32)), "bn1.bias must be finite"),
        (renamed, r"must hold module.encoder_q.conv1.weight, got .*another network, or a prefix that is not known"),
    ],
)
def test_whatever_differs_is_refused_with_what_was_expected_and_what_came(change, message, legacy_file, tmp_path):
    arrays = outside(RESNET, MOCO)
    change(arrays)
    with pytest.raises(UserError, match=message):
        read(legacy_file(tmp_path / "w.pth.tar", arrays), RESNET, (MOCO,))


def test_another_size_of_the_same_architecture_is_refused(zip_file, tmp_path):
    path = zip_file(tmp_path / "w.pth", outside(VIT, CLIP_VIT[0]))
    with pytest.raises(
        UserError, match=r"visual.conv1.weight must be float32 .*\[64, 3, 8, 8\], got float32\[64, 3, 16, 16\]"
    ):
        read(path, ClipViT(ClipVitSize(16, 8, 64, 1, 8), key=KEY), CLIP_VIT)


def test_half_precision_is_widened_exactly(zip_file, tmp_path):
    halves = {name: array.astype(np.float16) for name, array in outside(VIT, CLIP_VIT[0]).items()}
    again = read(zip_file(tmp_path / "w.pth", halves), VIT, CLIP_VIT)
    for name, array in outside(again, CLIP_VIT[0]).items():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, halves[name].astype(np.float32))


@pytest.fixture
def moco(monkeypatch, legacy_file, tmp_path):
    """A catalogue whose MoCo is narrow and whose published checksum is that of a file written here."""
    file = tmp_path / "places" / "moco_v2_800ep_pretrain.pth.tar"
    file.parent.mkdir()
    legacy_file(file, {**outside(RESNET, MOCO), **MOCO_EXTRA})
    one = replace(
        published("moco_v2_resnet50"),
        build=lambda *, key, compute_dtype, rematerialise: ResNet((1, 1), 4, key=key, compute_dtype=compute_dtype),
        files=(WeightsFile(file.name, "an address", sha256=digest_of(file)),),
    )
    monkeypatch.setitem(BY_NAME, one.name, one)
    return one, file


CHOICE = BackboneChoice(name="moco_v2_resnet50")


def test_a_checkpoint_is_found_checked_and_named_by_its_weights(moco):
    one, file = moco
    loaded = load(CHOICE, CheckpointLocations(folder=file.parent))
    assert eqx.tree_equal(loaded.backbone, RESNET)
    assert loaded.fingerprint == weights_fingerprint(RESNET)
    assert loaded.provenance["source_sha256"] == one.files[0].sha256
    assert loaded.provenance["published_checksum_agrees"] is True
    assert loaded.provenance["container"] == "torch legacy"
    json.dumps(loaded.provenance)


def test_it_may_lie_elsewhere(moco, tmp_path):
    one, file = moco
    elsewhere = file.rename(tmp_path / "other.tar")
    for choice, locations in (
        (CHOICE.model_copy(update={"checkpoint": elsewhere}), CheckpointLocations()),
        (CHOICE, CheckpointLocations(files={one.name: elsewhere})),
    ):
        assert eqx.tree_equal(load(choice, locations).backbone, RESNET)


def test_what_is_not_there_is_said_to_be_missing_where(moco, tmp_path):
    with pytest.raises(UserError, match=r"moco_v2_resnet50 needs its weights in .*moco_v2_800ep_pretrain.pth.tar"):
        load(CHOICE, CheckpointLocations(folder=tmp_path))
    with pytest.raises(UserError, match="DISTORT_CHECKPOINTS"):
        load(CHOICE, CheckpointLocations())


def test_a_file_that_is_not_the_published_one_is_refused(moco, legacy_file):
    _, file = moco
    legacy_file(file, outside(ResNet((1, 1), 4, key=jax.random.key(1)), MOCO))
    with pytest.raises(UserError, match="published checksum"):
        load(CHOICE, CheckpointLocations(folder=file.parent))
    loaded = load(CHOICE.model_copy(update={"checkpoint": file}), CheckpointLocations())
    assert loaded.provenance["published_checksum_agrees"] is False


def test_conversion_keeps_weights_and_provenance_and_is_found_first(moco, monkeypatch):
    one, file = moco
    locations = CheckpointLocations(folder=file.parent)
    before = load(CHOICE, locations)
    target = convert(one.name, locations)
    assert read_provenance(target) == before.provenance
    monkeypatch.setattr(catalogue, "translated", None)  # the source is not read again
    file.unlink()
    after = load(CHOICE, locations)
    assert after.fingerprint == before.fingerprint
    assert after.provenance == before.provenance
    assert not list(file.parent.glob(".partial*"))
    with pytest.raises(UserError, match="got moco_v2_resnet50"):
        load(BackboneChoice(name="moco_v1_resnet50", checkpoint=target), locations)


def test_conversion_needs_a_source_and_a_folder(moco, tmp_path):
    with pytest.raises(UserError, match="no folder is named"):
        convert("moco_v2_resnet50", CheckpointLocations())
    with pytest.raises(UserError, match="needs its weights"):
        convert("moco_v2_resnet50", CheckpointLocations(folder=tmp_path))


def test_computing_in_16_bits_reads_the_same_weights(moco, monkeypatch):
    monkeypatch.setattr(catalogue, "wrong_in_bfloat16", lambda: "")  # nothing is computed here
    _, file = moco
    locations = CheckpointLocations(folder=file.parent)
    half = load(CHOICE.model_copy(update={"compute": "bfloat16"}), locations)
    assert half.backbone.compute_dtype == jnp.bfloat16
    assert half.fingerprint == load(CHOICE, locations).fingerprint


def test_places_come_from_the_environment_else_from_the_data(monkeypatch, tmp_path):
    monkeypatch.delenv("DISTORT_CHECKPOINTS", raising=False)
    assert checkpoint_locations(tmp_path).folder == tmp_path / "checkpoints"
    assert checkpoint_locations().folder is None
    monkeypatch.setenv("DISTORT_CHECKPOINTS", str(tmp_path))
    assert checkpoint_locations(tmp_path / "data").folder == tmp_path


def test_checksums_may_be_published_in_part(tmp_path):
    path = tmp_path / "w"
    path.write_bytes(b"weights")
    sha256 = digest_of(path)
    assert agrees(path, WeightsFile("w", "", sha256=sha256[:8]), sha256)
    assert agrees(path, WeightsFile("w", "", md5=digest_of(path, "md5")[:8]), sha256)
    assert not agrees(path, WeightsFile("w", "", md5="00000000"), sha256)


def test_the_catalogue_covers_the_papers_recipes():
    needed = {dataset for one in PUBLISHED for dataset in one.needed_by}
    assert {"living17", "entity30", "domainnet", "cifar10", "fmow", "imagenet"} <= needed
    assert all(one.licence and one.files for one in PUBLISHED)


@pytest.mark.parametrize("name", ["resnet51", "moco", ""])
def test_unknown_names_are_refused_with_the_known_ones(name):
    with pytest.raises(UserError, match="clip_vit_b16"):
        load(BackboneChoice(name=name), CheckpointLocations())


@pytest.mark.parametrize("change", [{"compute": "bfloat16"}, {"rematerialise": True}, {"options": {"a": 1}}])
def test_the_small_network_has_no_options(change):
    with pytest.raises(UserError, match="small_resnet must leave"):
        fresh(BackboneChoice(name="small_resnet", **change), key=KEY)


# -- a backbone of the user's own --------------------------------------------------------------------------------------


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
