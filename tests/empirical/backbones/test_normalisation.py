"""Batch norm's gradients, which are written out, are those of its formula."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from empirical.backbones.normalisation import BatchNorm, _read_once, _read_twice

#: Of the largest value; sums over 300 positions in another order, of numbers with 24 binary digits or with 8.
TOLERANCE = {jnp.float32: 2e-6, jnp.bfloat16: 2e-2}
SHAPE = (12, 5, 5, 3)


def formula(norm: BatchNorm, x: jax.Array, mode: str) -> jax.Array:
    values = x.astype(jnp.float32)
    axes = (0, 1, 2)
    mean, variance = (norm.mean, norm.variance) if mode == "eval" else (values.mean(axes), values.var(axes))
    return ((x - mean) * (norm.scale * jax.lax.rsqrt(variance + norm.epsilon)) + norm.shift).astype(x.dtype)


def example(dtype) -> tuple[BatchNorm, jax.Array, jax.Array]:
    """A norm with statistics of its own, one of them nearly 0; a batch far from 0; weights of its outputs."""
    keys = iter(jax.random.split(jax.random.key(0), 5))
    norm = eqx.tree_at(
        lambda norm: (norm.scale, norm.shift, norm.mean, norm.variance),
        BatchNorm(3),
        (
            jax.random.normal(next(keys), (3,), jnp.float32),
            jax.random.normal(next(keys), (3,), jnp.float32),
            3 + jax.random.normal(next(keys), (3,), jnp.float32),
            jnp.array([1e-4, 1.0, 20.0], jnp.float32),
        ),
    )
    x = 3 + 2 * jax.random.normal(next(keys), SHAPE, jnp.float32)
    return norm, x.astype(dtype), jax.random.normal(next(keys), SHAPE, jnp.float32).astype(dtype)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_gradients_are_those_of_the_formula(mode, dtype):
    norm, x, weights = example(dtype)

    @jax.jit
    def gradients(norm, x):
        def summed(call, both):
            return jnp.sum((call(*both) * weights).astype(jnp.float32))

        written = jax.grad(lambda both: summed(lambda norm, x: norm(x, mode)[0], both))((norm, x))
        derived = jax.grad(lambda both: summed(lambda norm, x: formula(norm, x, mode), both))((norm, x))
        return written, derived

    written, derived = gradients(norm, x)
    for here, there in zip(*map(jax.tree.leaves, (written, derived)), strict=True):
        assert here.dtype == there.dtype
        largest = max(float(jnp.abs(there).max()), 1.0)
        np.testing.assert_allclose(
            here.astype(jnp.float32) / largest, there.astype(jnp.float32) / largest, atol=TOLERANCE[dtype]
        )


def test_no_gradient_flows_from_running_statistics_that_a_batch_leaves_behind():
    norm, x, _ = example(jnp.float32)
    gradient = jax.grad(lambda x: jnp.sum(norm(x, "train")[1].variance))(x)
    assert not np.any(gradient)


@pytest.mark.parametrize("away", [0.0, 3.0])
def test_a_batch_read_once_has_the_moments_of_one_read_twice(away):
    """As on an accelerator, squares taken around running statistics that are `away` deviations off."""
    norm, x, _ = example(jnp.float32)
    mean, variance = _read_twice(x, norm.mean)
    once = _read_once(x, mean + away * jnp.sqrt(variance))
    # (1 + away^2) times the rounding of a mean of 300 numbers.
    np.testing.assert_allclose(once[0], mean, atol=2e-6 * (1 + away))
    np.testing.assert_allclose(once[1], variance, rtol=2e-6 * (1 + away**2))
    assert _read_once(jnp.full((4, 1, 1, 3), 7.0), jnp.full(3, 6.9))[1].tolist() == pytest.approx([0, 0, 0], abs=1e-8)
