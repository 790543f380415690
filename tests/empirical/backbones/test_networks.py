"""What every network keeps: published sizes, roles by kind and depth, explicit modes, mixed precision."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from empirical.backbones.backbone import Role
from empirical.backbones.catalogue import BackboneChoice
from empirical.backbones.clip_resnet import ClipResNet
from empirical.backbones.clip_text import ClipText
from empirical.backbones.clip_vit import ClipViT
from empirical.backbones.loading import fresh
from empirical.backbones.own import checked
from empirical.backbones.resnet import ResNet
from empirical.backbones.sizes import TEXT_512, TEXT_768, TEXT_RN50, ClipVitSize

KEY = jax.random.key(0)
IMAGES = jnp.asarray(np.random.default_rng(0).random((4, 32, 32, 3), np.float32))
# bfloat16 keeps 8 bits, and rounding adds up over a few layers.
BFLOAT16_RTOL = 0.05
RTOL = 1e-4  # float32 sums in another order, through train-mode norms


def narrow(**options):
    return {
        "resnet": ResNet((1, 1), 8, key=KEY, **options),
        "clip_resnet": ClipResNet((1, 1, 1, 1), 8, 16, 32, key=KEY, **options),
        "clip_vit": ClipViT(ClipVitSize(32, 16, 64, 2, 16), key=KEY, **options),
    }


NARROW = narrow()
KINDS = tuple(NARROW)


@eqx.filter_jit
def forward(network, images, mode):
    return network(images, mode)


@eqx.filter_jit
def slope(network, images):
    return eqx.filter_grad(lambda net: jnp.sum(net(images, "train").features ** 2))(network)


def parameters(tree) -> int:
    """Numbers that an optimiser may move."""
    roles = tree.roles() if hasattr(tree, "roles") else jax.tree.map(lambda _: Role("kernel", 0), tree)
    pairs = zip(jax.tree.leaves(roles), jax.tree.leaves(tree), strict=True)
    return sum(math.prod(leaf.shape) for role, leaf in pairs if role.kind != "norm_statistics")


def shapes(name):
    return eqx.filter_eval_shape(lambda key: fresh(BackboneChoice(name=name), key=key), KEY)


@pytest.mark.parametrize(
    ("name", "text", "published"),
    [
        # torchvision: 25,557,032 with the 1000-way head of 2,049,000; OpenAI: both towers and the scale of the logits.
        ("supervised_resnet50", None, 25_557_032 - 2_049_000),
        ("clip_resnet50", TEXT_RN50, 102_007_137),
        ("clip_vit_b16", TEXT_512, 149_620_737),
        ("clip_vit_b32", TEXT_512, 151_277_313),
        ("clip_vit_l14", TEXT_768, 427_616_513),
    ],
)
def test_parameters_are_as_many_as_published(name, text, published):
    towers = [shapes(name)]
    if text is not None:
        towers.append(eqx.filter_eval_shape(lambda key: ClipText(text, key=key), KEY))
    assert sum(parameters(tower) for tower in towers) == published


@pytest.mark.parametrize(
    ("name", "features", "blocks", "side"),
    [
        ("moco_v2_resnet50", 2048, 16, None),
        ("clip_resnet50", 1024, 17, 224),
        ("clip_vit_b16", 512, 12, 224),
        ("clip_vit_l14", 768, 24, 224),
        ("small_resnet", 96, 3, None),
    ],
)
def test_sizes_are_those_of_the_paper(name, features, blocks, side):
    network = shapes(name)
    assert (network.feature_dim, network.blocks, network.side) == (features, blocks, side)


@pytest.mark.parametrize("kind", KINDS)
def test_roles_cover_every_array_and_every_depth(kind):
    network = NARROW[kind]
    roles = network.roles()
    assert jax.tree.structure(roles) == jax.tree.structure(network)
    assert {role.block for role in jax.tree.leaves(roles)} == set(range(network.blocks + 1))
    checked(kind, network)


def test_roles_say_what_an_array_is_for():
    resnet, clip, vit = (NARROW[kind].roles() for kind in KINDS)
    assert resnet.stem.kernel == Role("kernel", 0)
    assert resnet.layers[1].shortcut_norm.variance == Role("norm_statistics", 2)
    assert clip.stem_norms[2].scale == Role("norm_affine", 0)
    assert clip.pool.positions == Role("token", 5)
    assert clip.pool.outputs.bias == Role("kernel", 5)
    assert vit.token == vit.positions == Role("token", 0)
    assert vit.before_norm.shift == Role("norm_affine", 0)
    assert vit.layers[0].attention.inputs.bias == Role("kernel", 1)
    assert vit.after_norm.scale == Role("norm_affine", 2)
    assert vit.projection.kernel == Role("kernel", 2)


@pytest.mark.parametrize("kind", KINDS)
def test_only_train_mode_changes_a_network_and_only_its_statistics(kind):
    network = NARROW[kind]
    assert eqx.tree_equal(forward(network, IMAGES, "eval").network, network)
    after = forward(network, IMAGES, "train").network
    for role, old, new in zip(*map(jax.tree.leaves, (network.roles(), network, after)), strict=True):
        assert bool(jnp.any(old != new)) == (role.kind == "norm_statistics")


@pytest.mark.parametrize("kind", KINDS)
def test_bfloat16_computes_in_16_bits_and_keeps_everything_in_32(kind):
    exact, half = NARROW[kind], narrow(compute_dtype=jnp.bfloat16)[kind]
    features, after = forward(half, IMAGES, "train")
    expected = forward(exact, IMAGES, "train").features
    leaves = jax.tree.leaves((features, after))
    assert {leaf.dtype for leaf in leaves} == {jnp.dtype(jnp.float32)}
    assert float(jnp.abs(features - expected).max()) < BFLOAT16_RTOL * float(jnp.abs(expected).max())
    assert float(jnp.abs(features - expected).max()) > 0
    computed = jax.make_jaxpr(lambda x: half(x, "eval").features)(IMAGES).pretty_print()
    assert "bf16" in computed


@pytest.mark.parametrize("kind", ["resnet", "clip_vit"])  # the third shares the first one's code
def test_rematerialising_changes_memory_and_nothing_else(kind):
    kept, again = NARROW[kind], narrow(rematerialise=True)[kind]
    assert "remat" in str(jax.make_jaxpr(lambda x: again(x, "train").features)(IMAGES))
    for one, other in zip(*(jax.tree.leaves(slope(net, IMAGES)) for net in (kept, again)), strict=True):
        np.testing.assert_allclose(one, other, rtol=RTOL, atol=RTOL * float(jnp.abs(other).max() + 1))


@pytest.mark.parametrize("kind", KINDS)
def test_fresh_weights_are_another_draw_of_the_same_network(kind):
    network = NARROW[kind]
    drawn = network.reinitialised(key=jax.random.key(1))
    assert jax.tree.structure(drawn) == jax.tree.structure(network)
    assert jax.tree.map(jnp.shape, drawn) == jax.tree.map(jnp.shape, network)
    assert not eqx.tree_equal(drawn, network)
