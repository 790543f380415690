"""ResNets, ViTs and ConvNeXt are torchvision's and timm's: same names, same shapes, same features at the same weights.

`references/references.json` was written by the libraries themselves (`references/make.py`); where they are installed,
it is made anew and compared.
"""

import importlib
import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import save_file

from empirical.backbones import convnext_names, vit_names
from empirical.backbones.backbone import Role
from empirical.backbones.catalogue import BackboneChoice, published
from empirical.backbones.convnext import ConvNext
from empirical.backbones.loading import fresh
from empirical.backbones.resnet import ResNet
from empirical.backbones.resnet_names import TORCHVISION
from empirical.backbones.sizes import ConvNextSize, VitSize
from empirical.backbones.translation import translated
from empirical.backbones.vit import ViT
from empirical.backbones.weights_file import stored_tensors
from tests.empirical.backbones.references import make

#: Sums of float32 products in another order; largest difference over largest value.
RTOL = 2e-5
KEPT = json.loads(make.KEPT.read_text(encoding="utf-8"))
NARROW_VIT = VitSize(make.SIDE, 16, 128, 2)
NARROW_CONVNEXT = ConvNextSize((2, 1, 1, 1), (16, 24, 32, 48))
#: Each narrow network as ours, and the names in its file.
NARROW = {
    "torchvision resnet basic": (lambda key: ResNet((2, 1, 1, 1), key=key, basic=True), TORCHVISION),
    "timm resnet basic": (lambda key: ResNet((1, 2, 1, 1), key=key, basic=True), TORCHVISION),
    "timm resnet bottleneck": (lambda key: ResNet((1, 1, 1, 1), key=key), TORCHVISION),
    "torchvision convnext": (lambda key: ConvNext(NARROW_CONVNEXT, key=key), convnext_names.TORCHVISION),
    "timm convnext": (lambda key: ConvNext(NARROW_CONVNEXT, key=key), convnext_names.TIMM),
    "torchvision vit": (lambda key: ViT(NARROW_VIT, key=key), vit_names.TORCHVISION[0]),
    "timm vit": (lambda key: ViT(NARROW_VIT, key=key), vit_names.TIMM),
    "timm dinov2": (lambda key: ViT(NARROW_VIT._replace(layer_scale=True), key=key), vit_names.TIMM),
}
features = eqx.filter_jit(lambda network, images: network(images, "eval").features)


def read(case, folder, spelt=lambda name: name, dialect=None):
    """Ours from a file with the library's names."""
    build, usual = NARROW[case]
    shapes = KEPT["narrow"][case]["shapes"]
    save_file({spelt(name): make.filled(name, shape) for name, shape in shapes.items()}, folder / "w.safetensors")
    like = eqx.filter_eval_shape(build, jax.random.key(0))
    return translated(folder / "w.safetensors", stored_tensors(folder / "w.safetensors"), dialect or usual, like)


@pytest.mark.parametrize("case", NARROW)
def test_features_are_the_librarys(case, tmp_path):
    found, expected = features(read(case, tmp_path), make.images()), np.array(KEPT["narrow"][case]["features"])
    assert np.abs(found - expected).max() < RTOL * np.abs(expected).max()


def test_torchvisions_older_names_are_the_same_network(tmp_path):
    case = "torchvision vit"
    older = read(
        case, tmp_path, lambda name: name.replace("mlp.0", "mlp.linear_1").replace("mlp.3", "mlp.linear_2"),
        vit_names.TORCHVISION[1],
    )  # fmt: skip
    assert eqx.tree_equal(older, read(case, tmp_path))


@pytest.mark.parametrize("name", make.FULL)
def test_full_networks_have_exactly_the_librarys_tensors(name):
    entry = published(name)
    like = eqx.filter_eval_shape(lambda key: fresh(BackboneChoice(name=name), key=key), jax.random.key(0))
    leaves = {
        ".".join(str(getattr(step, "name", getattr(step, "idx", ""))) for step in path): leaf.shape
        for path, leaf in jax.tree_util.tree_leaves_with_path(like)
    }
    origins = entry.dialects[0].origins(entry.size)
    assert origins.keys() == leaves.keys()
    theirs = {origin.names[0]: outside(leaves[ours], origin.layout) for ours, origin in origins.items()}
    assert len(theirs) == KEPT["full"][name]["tensors"]
    assert make.digest(theirs) == KEPT["full"][name]["sha256"]


def outside(shape, layout):
    """A shape as the library has it."""
    match layout:
        case "convolution":
            return (shape[3], shape[2], shape[0], shape[1])
        case "matrix":
            return shape[::-1]
        case "one leading":
            return (1, *shape)
        case "two leading":
            return (1, 1, *shape)
        case "two trailing":
            return (*shape, 1, 1)
    return shape


@pytest.mark.parametrize("case", NARROW)
def test_roles_cover_every_block_and_a_pass_leaves_the_structure(case):
    network = NARROW[case][0](jax.random.key(0))
    roles = jax.tree.leaves(network.roles(), is_leaf=lambda leaf: isinstance(leaf, Role))
    assert {role.block for role in roles} == set(range(network.blocks + 1))
    again = network.reinitialised(key=jax.random.key(0))
    assert jax.tree.structure(again) == jax.tree.structure(network)
    images = jax.ShapeDtypeStruct((2, make.SIDE, make.SIDE, 3), jnp.float32)
    for mode in ("train", "eval"):
        found, after = eqx.filter_eval_shape(lambda net, x, mode=mode: net(x, mode), network, images)
        assert found.shape == (2, network.feature_dim)
        assert jax.tree.structure(after) == jax.tree.structure(network)


def test_augreg_networks_standardise_images_themselves():
    plain, half = (ViT(NARROW_VIT._replace(half=half), key=jax.random.key(0)) for half in (False, True))
    images = np.random.default_rng(0).uniform(size=(2, make.SIDE, make.SIDE, 3)).astype(np.float32)
    np.testing.assert_allclose(features(half, images), features(plain, (images - 0.5) / 0.5), atol=1e-5)


@pytest.mark.slow
def test_what_is_kept_is_what_the_libraries_give_now():
    for name in ("torch", "torchvision", "timm"):
        try:
            importlib.import_module(name)
        except (ImportError, RuntimeError) as error:
            pytest.skip(f"{name} is not installed or does not load ({error})")
    again = make.references()
    assert again["full"] == KEPT["full"]
    for case, kept in KEPT["narrow"].items():
        assert again["narrow"][case]["shapes"] == kept["shapes"]
        now, then = (np.array(one["features"]) for one in (again["narrow"][case], kept))
        assert np.abs(now - then).max() < RTOL * np.abs(then).max()
