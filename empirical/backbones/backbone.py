"""What a feature extractor is to everything that trains, probes or measures one.

Batch normalisation looks across examples, so this is the one place where functions take a batch. A forward pass in
train mode returns the network with updated statistics; in eval mode it returns the network that it was given.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import equinox as eqx
from jaxtyping import Array, Float32, Key, PyTree

from empirical.records import NormMode

RoleKind = Literal["kernel", "norm_affine", "norm_statistics", "token", "head", "frozen"]
KINDS: tuple[RoleKind, ...] = get_args(RoleKind)


@dataclass(frozen=True)
class Role:
    """What an array is for; methods select on these words, never on names.

    Attributes:
      kind: `kernel`, weights and biases of convolutions and linear maps; `norm_affine`, scale and shift of a norm
        layer; `norm_statistics`, running mean and variance, which no optimiser moves; `token`, class token and
        position embedding; `head`, the linear map to class scores; `frozen`, part of a network that nothing changes.
      block: depth. 0 is the embedding or stem, 1 to `blocks` the blocks in order, `blocks` + 1 the head.
    """

    kind: RoleKind
    block: int


class Forward(NamedTuple):
    """Features of a batch, and the network with the statistics that the pass left behind."""

    features: Float32[Array, "n k"]
    network: "Backbone"


class Backbone(eqx.Module):
    """Images to features. Every leaf is an array in float32, whatever the network computes in.

    Images are floats as the data set's pipeline leaves them: in [0, 1], unless the pipeline standardises.
    """

    @property
    @abstractmethod
    def feature_dim(self) -> int:
        """Number of features of one image."""

    @property
    @abstractmethod
    def blocks(self) -> int:
        """Number of blocks after the embedding."""

    @property
    @abstractmethod
    def side(self) -> int | None:
        """The only side in pixels that images may have; None: any."""

    @abstractmethod
    def __call__(self, images: Float32[Array, "n side side 3"], norm_mode: NormMode) -> Forward:
        """Features of a batch of images."""

    @abstractmethod
    def roles(self) -> PyTree[Role]:
        """The role of every array, in a tree of the network's own structure."""

    @abstractmethod
    def reinitialised(self, *, key: Key[Array, ""]) -> "Backbone":
        """The same architecture with fresh weights, drawn as it initialises them."""
