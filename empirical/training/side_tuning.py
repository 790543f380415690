"""Two networks whose features are added: the pretrained one, which stays, and one beside it, which is trained."""

import equinox as eqx
import jax
from jaxtyping import Array, Float32, Key, PyTree

from empirical.backbones.backbone import Backbone, Forward, Role
from empirical.records import NormMode


class SideTuned(Backbone):
    """The sum of the features of `pretrained` and `beside`; the first is always evaluated in eval mode."""

    pretrained: Backbone
    beside: Backbone

    @property
    def feature_dim(self) -> int:
        """That of both networks."""
        return self.pretrained.feature_dim

    @property
    def blocks(self) -> int:
        """Those of the trained network."""
        return self.beside.blocks

    @property
    def side(self) -> int | None:
        """The pretrained network's."""
        return self.pretrained.side

    def __call__(self, images: Float32[Array, "n side side 3"], norm_mode: NormMode) -> Forward:
        """The summed features; only the trained network's statistics are updated."""
        kept = self.pretrained(images, "eval").features
        added, beside = self.beside(images, norm_mode)
        return Forward(kept + added, SideTuned(self.pretrained, beside))

    def roles(self) -> PyTree[Role]:
        """Every array of the pretrained network is `frozen`; those of the other keep their roles."""
        frozen = jax.tree.map(lambda role: Role("frozen", role.block), self.pretrained.roles())
        return eqx.tree_at(lambda sum: (sum.pretrained, sum.beside), self, (frozen, self.beside.roles()))

    def reinitialised(self, *, key: Key[Array, ""]) -> "SideTuned":
        """A fresh network beside the same pretrained one."""
        return SideTuned(self.pretrained, self.beside.reinitialised(key=key))
