"""What vision transformers have in common: patches become tokens, behind one of their own whose features are read."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Float32, Key

from empirical.backbones.backbone import Backbone


class ClassTokenNetwork(Backbone):
    """A network for images of one side, cut into patches; the size says its side in pixels and its depth in blocks."""

    token: eqx.AbstractVar[Float32[Array, " c"]]
    positions: eqx.AbstractVar[Float32[Array, "t c"]]
    size: eqx.AbstractVar[Any]
    compute_dtype: eqx.AbstractVar[Any]
    rematerialise: eqx.AbstractVar[bool]

    @property
    def blocks(self) -> int:
        """Number of attention blocks."""
        return self.size.depth

    @property
    def side(self) -> int:
        """The side that the position embedding was made for."""
        return self.size.side

    def tokens(self, patches: Float[Array, "n rows columns c"]) -> Float[Array, "n t c"]:
        """The class token and the patches row by row, each with its position."""
        x = patches.reshape(len(patches), -1, patches.shape[-1])
        token = jnp.broadcast_to(self.token.astype(x.dtype), (len(patches), 1, x.shape[-1]))
        return jnp.concatenate([token, x], axis=1) + self.positions.astype(x.dtype)

    def reinitialised(self, *, key: Key[Array, ""]) -> "ClassTokenNetwork":
        """The same architecture and precision with fresh weights."""
        kind: Any = type(self)  # whose constructor takes these
        return kind(self.size, key=key, compute_dtype=self.compute_dtype, rematerialise=self.rematerialise)
