"""What is read off a compiled program: bytes by instruction. The program for a GPU needs JAX's plugin for CUDA."""

import jax
import jax.numpy as jnp

from benchmarks.gpu.ahead import H200, moved


def test_bytes_are_those_of_what_goes_in_and_out():
    @jax.jit
    def program(x, y):
        return jnp.sin(x @ y), jnp.sum(x, 0)

    x, y = jnp.zeros((200, 300), jnp.float32), jnp.zeros((300, 400), jnp.float32)
    rows = moved(program.lower(x, y).compile().as_text())
    product = next(row for row in rows if "dot" in row.what)
    assert product.count == 1
    assert product.bytes >= 4 * (200 * 300 + 300 * 400 + 200 * 400)
    assert sum(row.bytes for row in rows) <= 4 * (3 * 200 * 300 + 300 * 400 + 5 * 200 * 400)
    assert [row.bytes for row in rows] == sorted((row.bytes for row in rows), reverse=True)


def test_the_device_is_described_in_whole_lines():
    assert H200.count("{") == H200.count("}") == 3
