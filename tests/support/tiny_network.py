"""A backbone of every kind of role that compiles in a moment: an embedding, a token, two blocks, batch norms."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Key, PyTree

from empirical.backbones.backbone import Backbone, Forward, Role
from empirical.backbones.classifier import Classifier, Head, random_head
from empirical.records import NormMode
from empirical.training import Resident

SIDE, WIDTH, BLOCKS, CLASSES = 4, 6, 2, 3
KINDS = {"scale": "norm_affine", "shift": "norm_affine", "mean": "norm_statistics", "variance": "norm_statistics"}


class Layer(eqx.Module):
    """A linear map, batch normalisation, the positive part, a bias."""

    kernel: Float32[Array, "inputs outputs"]
    bias: Float32[Array, " outputs"]
    scale: Float32[Array, " outputs"]
    shift: Float32[Array, " outputs"]
    mean: Float32[Array, " outputs"]
    variance: Float32[Array, " outputs"]

    def __init__(self, inputs: int, outputs: int, *, key: Key[Array, ""]):
        self.kernel = jax.random.normal(key, (inputs, outputs), jnp.float32) / inputs**0.5
        self.scale = self.variance = jnp.ones(outputs, jnp.float32)
        self.bias = self.shift = self.mean = jnp.zeros(outputs, jnp.float32)

    def __call__(self, x: Float32[Array, "n inputs"], norm_mode: NormMode) -> tuple[Array, "Layer"]:
        x = x @ self.kernel
        if norm_mode == "eval":
            mean, variance, after = self.mean, self.variance, self
        else:
            mean, variance = jnp.mean(x, 0), jnp.var(x, 0)
            seen = (0.9 * self.mean + 0.1 * mean, 0.9 * self.variance + 0.1 * variance)
            after = eqx.tree_at(lambda layer: (layer.mean, layer.variance), self, jax.lax.stop_gradient(seen))
        x = jax.nn.relu((x - mean) * self.scale * jax.lax.rsqrt(variance + 1e-5) + self.shift)
        return x + self.bias, after  # after the norm, which would cancel it


class TinyNetwork(Backbone):
    token: Float32[Array, " k"]
    layers: tuple[Layer, ...]

    def __init__(self, *, key: Key[Array, ""]):
        keys = jax.random.split(key, BLOCKS + 2)
        inputs = (SIDE * SIDE * 3, *[WIDTH] * BLOCKS)
        self.layers = tuple(Layer(size, WIDTH, key=one) for size, one in zip(inputs, keys[1:], strict=True))
        self.token = jax.random.normal(keys[0], (WIDTH,), jnp.float32)

    @property
    def feature_dim(self) -> int:
        return WIDTH

    @property
    def blocks(self) -> int:
        return BLOCKS

    @property
    def side(self) -> int:
        return SIDE

    def __call__(self, images: Float32[Array, "n side side 3"], norm_mode: NormMode) -> Forward:
        x, layers = images.reshape(len(images), -1), []
        for depth, layer in enumerate(self.layers):
            x, after = layer(x, norm_mode)
            layers.append(after)
            if depth == 0:
                x = x * self.token
        return Forward(x, eqx.tree_at(lambda net: net.layers, self, tuple(layers)))

    def roles(self) -> PyTree[Role]:
        def role(path, _: Array) -> Role:
            if path[0].name == "token":
                return Role("token", 0)
            return Role(KINDS.get(path[-1].name, "kernel"), path[1].idx)

        return jax.tree_util.tree_map_with_path(role, self)

    def reinitialised(self, *, key: Key[Array, ""]) -> "TinyNetwork":
        return TinyNetwork(key=key)


NETWORK = TinyNetwork(key=jax.random.key(0))
#: Stands for a solved probe: any head that is not the fresh one.
PROBE: Head = random_head(CLASSES, WIDTH, key=jax.random.key(100))
START = Classifier(NETWORK, PROBE)


def examples(count: int) -> Resident:
    """Random images of random classes."""
    draw = np.random.default_rng(0)
    images = draw.random((count, SIDE, SIDE, 3), np.float32)
    return Resident(jnp.asarray(images), jnp.asarray(draw.integers(0, CLASSES, count), jnp.int32))
