"""Where attention is cuDNN's; what it computes there is measured on a device (`benchmarks/gpu/correct_networks.py`)."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import pytest

from empirical.backbones.dot_product_attention import attended, fused

HOPPER = ("cuda 13.0", "9.0")


def queries(dtype=jnp.bfloat16, width: int = 64) -> jax.Array:
    return jnp.zeros((1, 3, 2, width), dtype)


@pytest.mark.parametrize(
    ("device", "shown", "expected"),
    [
        (HOPPER, queries(), True),
        (HOPPER, queries(jnp.float16), True),
        (HOPPER, queries(jnp.float32), False),
        (HOPPER, queries(width=12), False),
        (HOPPER, queries(width=136), False),
        (("cuda 12.4", "8.0"), queries(), True),
        (("cuda 12.4", "7.5"), queries(), False),
        (("rocm 6.2", "gfx942"), queries(), False),
        (("cpu", None), queries(), False),
    ],
)
def test_it_is_taken_in_half_precision_on_devices_that_have_it(device, shown, expected, monkeypatch):
    version, capability = device
    made = SimpleNamespace(client=SimpleNamespace(platform_version=version), compute_capability=capability)
    monkeypatch.setattr("jax.devices", lambda: [made])
    assert fused(shown) == expected


@pytest.mark.parametrize("causal", [False, True])
def test_elsewhere_it_is_the_formula(causal):
    three = [jax.random.normal(jax.random.key(seed), (2, 5, 3, 8), jnp.float32) for seed in range(3)]
    scores = jnp.einsum("nqhw,nkhw->nhqk", *three[:2]) / jnp.sqrt(jnp.float32(8))
    seen = jnp.tril(jnp.ones((5, 5), bool)) if causal else jnp.ones((5, 5), bool)
    weights = jax.nn.softmax(jnp.where(seen, scores, -jnp.inf), axis=-1)
    expected = jnp.einsum("nhqk,nkhw->nqhw", weights, three[2])
    assert jnp.abs(attended(*three, causal=causal) - expected).max() < 1e-6
