"""Features of one length: the direction is the network's, gradients are finite, arrays and roles are its own."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from empirical.backbones.catalogue import BackboneChoice
from empirical.backbones.checkpoint_locations import CheckpointLocations
from empirical.backbones.feature_norm import FixedNorm
from empirical.backbones.loading import load
from empirical.backbones.small_resnet import SmallResNet

KEY = jax.random.key(0)
IMAGES = jnp.asarray(np.random.default_rng(0).random((6, 32, 32, 3), np.float32))
NETWORK = SmallResNet(widths=(4, 6), key=KEY)
RTOL = 1e-5  # a division and a product of float32

forward = eqx.filter_jit(lambda network, images, mode: network(images, mode))


@pytest.mark.parametrize("norm", [1.0, 0.1, 10.0])
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_lengths_are_as_asked_and_directions_are_the_networks(norm, mode):
    features, after = forward(FixedNorm(NETWORK, norm), IMAGES, mode)
    own, expected = forward(NETWORK, IMAGES, mode)
    np.testing.assert_allclose(jnp.linalg.norm(features, axis=1), norm, rtol=RTOL)
    np.testing.assert_allclose(features, norm * own / jnp.linalg.norm(own, axis=1, keepdims=True), rtol=RTOL)
    # Two programs, which may add up batch statistics in another order.
    assert eqx.tree_equal(after, FixedNorm(expected, norm), rtol=RTOL, atol=RTOL)


def test_features_that_are_all_zero_stay_so_with_a_finite_gradient():
    dead = jax.tree.map(jnp.zeros_like, FixedNorm(NETWORK, 1.0))
    value, gradient = eqx.filter_value_and_grad(lambda net: jnp.sum(net(IMAGES, "eval").features))(dead)
    assert value == 0
    assert all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves(gradient))


def test_arrays_roles_and_shape_are_the_networks():
    fixed = FixedNorm(NETWORK, 1.0)
    assert jax.tree.leaves(fixed.roles()) == jax.tree.leaves(NETWORK.roles())
    assert jax.tree.structure(fixed.roles()) == jax.tree.structure(fixed)
    assert (fixed.feature_dim, fixed.blocks, fixed.side) == (NETWORK.feature_dim, NETWORK.blocks, NETWORK.side)
    assert fixed.reinitialised(key=jax.random.key(1)).norm == 1.0


def test_the_catalogue_tells_lengths_apart():
    lengths = (None, 1.0, 3.0)
    loaded = [load(BackboneChoice(name="small_resnet", feature_norm=norm), CheckpointLocations()) for norm in lengths]
    assert len({one.fingerprint for one in loaded}) == len(lengths)
    assert [getattr(one.backbone, "norm", None) for one in loaded] == list(lengths)
