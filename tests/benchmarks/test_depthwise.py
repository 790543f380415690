"""Every way of a depthwise convolution gives the same numbers and gradients; only their speed may differ."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.gpu.depthwise import each_by, grouped, mobilenet_v2, shifted
from examples.mobilenet_v2 import Convolution

#: Float32 sums of nine products in another order.
ROUNDING = 1e-5


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("ways", [(grouped, grouped), (grouped, shifted), (shifted, grouped)])
def test_every_way_is_the_same_function(ways, stride):
    draw = np.random.default_rng(0)
    x = jnp.asarray(draw.standard_normal((2, 7, 7, 5)), jnp.float32)
    kernel = jnp.asarray(draw.standard_normal((3, 3, 1, 5)), jnp.float32)

    def energy(each_channel, x, kernel):
        return jnp.sum(jnp.sin(each_channel(Convolution(kernel, jnp.zeros(5), stride), x)))

    expected = jax.value_and_grad(energy, (1, 2))(Convolution._each_channel, x, kernel)
    found = jax.value_and_grad(energy, (1, 2))(each_by(*ways), x, kernel)
    for one, two in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, two, atol=ROUNDING, rtol=ROUNDING)


def test_the_network_is_of_the_published_size():
    network = jax.eval_shape(lambda key: mobilenet_v2(key=key), jax.random.key(0))
    # 2,223,872 parameters without the classifier, of which the 34,112 of norms are 17,056 biases when folded.
    assert sum(leaf.size for leaf in jax.tree.leaves(network)) == 2_223_872 - 17_056
    assert network.feature_dim == 1280
