"""Convolutions against the library's, in value and gradient; what other devices than a CPU compute."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from empirical.backbones.convolution import Convolution

KEY = jax.random.key(0)
RTOL = 1e-5  # float32 sums of a few dozen terms in another order
# Size of the kernel, stride, side of the image; the first four are products of matrices on a CPU.
CASES = [(1, 1, 6), (1, 2, 6), (3, 1, 2), (3, 2, 4), (3, 1, 8), (7, 2, 12)]


def convolution(size, stride):
    return Convolution(jax.random.normal(KEY, (size, size, 3, 5), jnp.float32), stride=stride)


def library(x, kernel, stride):
    padding = kernel.shape[0] // 2
    return jax.lax.conv_general_dilated(
        x, kernel, (stride, stride), ((padding, padding),) * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


@pytest.mark.parametrize(("size", "stride", "side"), CASES)
def test_it_is_the_librarys_with_its_gradients(size, stride, side):
    ours, x = convolution(size, stride), jax.random.normal(KEY, (2, side, side, 3), jnp.float32)

    def loss(x, kernel):
        return jnp.sum(jnp.sin(Convolution(kernel, stride=stride)(x)))

    def expected(x, kernel):
        return jnp.sum(jnp.sin(library(x, kernel, stride)))

    np.testing.assert_allclose(ours(x), library(x, ours.kernel, stride), atol=RTOL * size**2)
    found, wanted = (jax.jit(jax.grad(f, argnums=(0, 1)))(x, ours.kernel) for f in (loss, expected))
    for left, right in zip(found, wanted, strict=True):
        np.testing.assert_allclose(left, right, atol=RTOL * size**2 * side**2)


@pytest.mark.parametrize(("size", "stride", "side"), CASES)
def test_a_gpu_is_given_a_convolution(size, stride, side):
    """cuDNN knows best: matrix products are for CPUs alone."""
    ours, x = convolution(size, stride), jnp.zeros((2, side, side, 3), jnp.float32)
    lowered = jax.jit(lambda x: ours(x)).trace(x).lower(lowering_platforms=("cuda",)).as_text()
    assert "stablehlo.convolution" in lowered
    assert "stablehlo.dot" not in lowered


@pytest.mark.parametrize("side", [8, 10])
def test_without_padding_patches_stand_side_by_side(side):
    """What is left over at the right and lower edge is dropped."""
    kernel = jax.random.normal(KEY, (4, 4, 3, 5), jnp.float32)
    x = jax.random.normal(KEY, (2, side, side, 3), jnp.float32)

    def energy(convolution, x, kernel):
        return jnp.sum(jnp.sin(convolution(x, kernel)))

    def valid(x, kernel):
        return jax.lax.conv_general_dilated(x, kernel, (4, 4), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))

    def ours(x, kernel):
        return Convolution(kernel, stride=4, pad=False)(x)

    found, wanted = (jax.value_and_grad(energy, (1, 2))(one, x, kernel) for one in (ours, valid))
    for left, right in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(left, right, atol=RTOL * 16)
