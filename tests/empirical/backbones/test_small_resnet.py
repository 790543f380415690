"""The network: convolutions, batch normalisation as PyTorch has it, float32 throughout."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from empirical.backbones.backbone import Role
from empirical.backbones.classifier import Classifier, random_head
from empirical.backbones.convolution import FEW_CHANNELS
from empirical.backbones.normalisation import BatchNorm
from empirical.backbones.small_resnet import SameConvolution, SmallResNet

RTOL = 4e-5  # sums of up to 392 float32 products in another order
KEY = jax.random.key(0)
IMAGES = jnp.asarray(np.random.default_rng(0).random((6, 32, 32, 3), np.float32))
NETWORK = SmallResNet(widths=(4, 6), key=KEY)

forward = eqx.filter_jit(lambda network, images, mode: network(images, mode))


@pytest.mark.parametrize("inputs", [3, FEW_CHANNELS])  # which are gathered in two ways
@pytest.mark.parametrize(("size", "stride", "side"), [(7, 4, 32), (3, 1, 8), (3, 1, 3), (3, 2, 7), (1, 2, 8)])
def test_a_convolution_is_the_librarys(size, stride, side, inputs):
    convolution = SameConvolution(size, inputs, 5, stride=stride, key=KEY)
    x = jax.random.normal(KEY, (2, side, side, inputs), jnp.float32)
    expected = jax.lax.conv_general_dilated(
        x, convolution.kernel, (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    np.testing.assert_allclose(convolution(x), expected, rtol=RTOL, atol=RTOL)


def test_gradients_are_the_librarys_too():
    convolution, x = SameConvolution(3, 3, 5, key=KEY), jax.random.normal(KEY, (2, 8, 8, 3), jnp.float32)

    def loss(x, kernel):
        return jnp.sum(jnp.sin(eqx.tree_at(lambda module: module.kernel, convolution, kernel)(x)))

    def expected(x, kernel):
        library = jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        return jnp.sum(jnp.sin(library))

    ours, librarys = (jax.jit(jax.grad(f, (0, 1)))(x, convolution.kernel) for f in (loss, expected))
    for left, right in zip(ours, librarys, strict=True):
        np.testing.assert_allclose(left, right, atol=20 * RTOL)  # sums over 128 positions


def test_train_mode_normalises_by_the_batch_and_remembers_a_tenth():
    x = 3 + 2 * jax.random.normal(KEY, (8, 4, 4, 5), jnp.float32)
    y, norm = BatchNorm(5)(x, "train")
    np.testing.assert_allclose(jnp.mean(y, (0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(jnp.var(y, (0, 1, 2)), 1, rtol=1e-4)
    np.testing.assert_allclose(norm.mean, 0.1 * jnp.mean(x, (0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(norm.variance, 0.9 + 0.1 * np.var(np.asarray(x), (0, 1, 2), ddof=1), rtol=1e-5)


def test_eval_mode_leaves_the_network_alone_and_sees_images_one_by_one():
    features, after = forward(NETWORK, IMAGES, "eval")
    assert eqx.tree_equal(NETWORK, after)
    np.testing.assert_allclose(features[:1], forward(NETWORK, IMAGES[:1], "eval").features, rtol=RTOL, atol=RTOL)


def test_train_mode_changes_statistics_and_nothing_else():
    after = forward(NETWORK, IMAGES, "train").network
    for role, old, new in zip(*map(jax.tree.leaves, (NETWORK.roles(), NETWORK, after)), strict=True):
        assert bool(jnp.any(old != new)) == (role.kind == "norm_statistics")


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_everything_is_float32(mode):
    classifier = Classifier(NETWORK, random_head(10, 6, key=KEY))
    scores, after = forward(classifier, IMAGES, mode)
    gradient = eqx.filter_jit(eqx.filter_grad(lambda c: jnp.sum(c(IMAGES, mode).scores)))(classifier)
    leaves = jax.tree.leaves((classifier, scores, after, gradient))
    assert {leaf.dtype for leaf in leaves} == {jnp.dtype(jnp.float32)}


def test_every_array_has_a_role():
    classifier = Classifier(NETWORK, random_head(10, 6, key=KEY))
    roles = classifier.roles()
    assert jax.tree.structure(roles) == jax.tree.structure(classifier)
    assert roles.backbone.stem_norm.mean == Role("norm_statistics", 0)
    assert roles.backbone.layers[1].shortcut.kernel == Role("kernel", 2)
    assert roles.backbone.layers[0].second_norm.shift == Role("norm_affine", 1)
    assert roles.head.bias == Role("head", 3)


def test_fresh_weights_are_another_draw_of_the_same_network():
    fresh = NETWORK.reinitialised(key=jax.random.key(1))
    assert jax.tree.map(jnp.shape, fresh) == jax.tree.map(jnp.shape, NETWORK)
    assert not np.allclose(fresh.stem.kernel, NETWORK.stem.kernel)
