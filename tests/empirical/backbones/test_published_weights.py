"""Published checkpoints are read strictly, and refused when wrong.

The files are written here, in the published formats, at the published sizes' narrow cousins or by shapes alone.
"""

import equinox as eqx
import numpy as np
import pytest
from safetensors.numpy import save_file

from artifacts import UserError
from empirical.backbones.catalogue import published
from empirical.backbones.checkpoint_locations import checkpoint_locations
from empirical.backbones.clip_names import CLIP_RESNET, CLIP_VIT
from empirical.backbones.clip_resnet import ClipResNet
from empirical.backbones.clip_vit import ClipViT
from empirical.backbones.loading import read_published
from empirical.backbones.resnet_names import MOCO, MOCO_UNWRAPPED, SWAV, TORCHVISION, TORCHVISION_WRAPPED
from empirical.backbones.sizes import ClipVitSize
from empirical.backbones.translation import speaking, translated
from empirical.backbones.weights_file import stored_tensors
from empirical.datasets.configuration import read_data
from empirical.formats import torch_file
from tests.support.published_files import KEY, MOCO_EXTRA, RESNET, outside

VIT = ClipViT(ClipVitSize(32, 16, 64, 1, 8), key=KEY)
CLIP = ClipResNet((1, 1, 1, 1), 4, 8, 32, key=KEY)
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
    names = {name for origin in CLIP_RESNET[1].origins(CLIP.size).values() for name in origin.names}
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
    monkeypatch.setattr(torch_file, "NESTED", ("model",))  # where nobody told of its usual place
    with pytest.raises(UserError, match=r"but holds them below 'state_dict'; name it as `key`"):
        stored_tensors(path)


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
