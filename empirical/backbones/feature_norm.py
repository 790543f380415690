"""A network whose features all have one length, as CLIP's have: only their direction says what an image shows.

In the theory fine-tuning's error grows with the norm of the truth, a head, against the size of the features. Here the
length sets that scale: with features ten times shorter every head that tells classes apart is ten times larger.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Key, PyTree

from empirical.backbones.backbone import Backbone, Forward, Role
from empirical.records import NormMode

#: Added to the squared norm, so that features that are all zero stay zero and have a gradient.
FLOOR = 1e-12


class FixedNorm(Backbone):
    """A backbone under a projection to a sphere; its arrays and their roles are the backbone's.

    Attributes:
      norm: Euclidean length of every image's features.
    """

    network: Backbone
    norm: float = eqx.field(static=True)

    @property
    def feature_dim(self) -> int:
        """The network's."""
        return self.network.feature_dim

    @property
    def blocks(self) -> int:
        """The network's."""
        return self.network.blocks

    @property
    def side(self) -> int | None:
        """The network's."""
        return self.network.side

    def __call__(self, images: Float32[Array, "n side side 3"], norm_mode: NormMode) -> Forward:
        """The network's features, scaled image by image."""
        features, network = self.network(images, norm_mode)
        squared = jnp.sum(features**2, axis=1, keepdims=True)
        scaled = features * (jnp.float32(self.norm) * jax.lax.rsqrt(squared + FLOOR))
        return Forward(scaled, FixedNorm(network, self.norm))

    def roles(self) -> PyTree[Role]:
        """The network's."""
        return eqx.tree_at(lambda fixed: fixed.network, self, self.network.roles())

    def reinitialised(self, *, key: Key[Array, ""]) -> "FixedNorm":
        """The same length, over fresh weights."""
        return FixedNorm(self.network.reinitialised(key=key), self.norm)
