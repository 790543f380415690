"""Small image sets and networks that tests of features and evaluation share."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32

from empirical.backbones.backbone import Backbone, Forward, Role
from empirical.datasets.image_sets import ImageRows, ImageSet
from empirical.records import NormMode

CLASSES = 5


def image_set(name: str, count: int, *, seed: int, side: int = 12, valid: tuple[int, ...] | None = None) -> ImageSet:
    """Noise with a class-coloured ground; labels sorted, as folders give them."""
    draw = np.random.default_rng(seed)
    classes = np.arange(CLASSES) if valid is None else np.array(valid)
    labels = np.sort(classes[draw.integers(0, len(classes), count)])
    colours = np.random.default_rng(99).integers(0, 150, (CLASSES, 3))
    pixels = colours[labels][:, None, None] + draw.integers(0, 100, (count, side, side, 3))
    rows = ImageRows(f"{name}.bin", pixels.astype(np.uint8), np.arange(count))
    return ImageSet(name=name, images=rows, labels=labels, valid_labels=valid)


class Linear(Backbone):
    """Pixels times a matrix, standardised by running statistics: the least that has both norm modes."""

    kernel: Float32[Array, "d k"]
    mean: Float32[Array, " k"]

    def __init__(self, side: int, width: int):
        self.kernel = jax.random.normal(jax.random.key(0), (side * side * 3, width), jnp.float32) / side
        self.mean = jnp.zeros(width, jnp.float32)

    @property
    def feature_dim(self) -> int:
        return len(self.mean)

    @property
    def blocks(self) -> int:
        return 1

    @property
    def side(self) -> int | None:
        return None

    def __call__(self, images: Float32[Array, "n side side 3"], norm_mode: NormMode) -> Forward:
        values = images.reshape(len(images), -1) @ self.kernel
        if norm_mode == "eval":
            return Forward(values - self.mean, self)
        batch = values.mean(0)
        return Forward(values - batch, eqx.tree_at(lambda net: net.mean, self, 0.9 * self.mean + 0.1 * batch))

    def roles(self) -> "Linear":
        return eqx.tree_at(lambda net: (net.kernel, net.mean), self, (Role("kernel", 1), Role("norm_statistics", 1)))

    def reinitialised(self, *, key: Array) -> "Linear":
        return eqx.tree_at(lambda net: net.kernel, self, jax.random.normal(key, self.kernel.shape, jnp.float32))
