"""Which arrays of a network: said by what they are for and how deep they lie, never by a name or a class."""

from typing import Literal, Protocol, runtime_checkable

from pydantic import Field, model_validator

from artifacts.frozen import Frozen

#: What an optimiser may move. Running statistics are no parameters: they follow the norm mode alone.
Kind = Literal["kernel", "norm_affine", "token", "head"]
KINDS: tuple[Kind, ...] = ("kernel", "norm_affine", "token", "head")


@runtime_checkable
class RoleLike(Protocol):
    """A `backbones.Role`: this package is read without JAX."""

    @property
    def kind(self) -> str:
        """One of `backbones.RoleKind`."""
        ...

    @property
    def block(self) -> int:
        """Depth: 0 is the embedding or stem, 1 the first block after it."""
        ...


class Value(Frozen):
    """A part of a method, that can be written as a TOML table."""


class Parameters(Value):
    """Parameters of some kinds in the blocks from `first` to `last`.

    Block 0 is the embedding (of a convolutional network the stem), 1 the first block after it; `last` left out means
    to the top. A head has no depth: it is named by its kind alone.
    """

    kinds: tuple[Kind, ...] = Field(min_length=1)
    first: int = Field(default=0, ge=0)
    last: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> "Parameters":
        if self.last is not None and self.last < self.first:
            raise ValueError(f"`last` must not lie below `first`, got blocks {self.first} to {self.last}")
        return self

    def __contains__(self, role: RoleLike) -> bool:
        if role.kind not in self.kinds:
            return False
        return role.kind == "head" or (role.block >= self.first and (self.last is None or role.block <= self.last))

    def __str__(self) -> str:
        blocks = "" if self.first == 0 and self.last is None else f" in blocks {self.first} to {self.last or 'top'}"
        return " and ".join(self.kinds) + (f" in block {self.first}" if self.first == self.last else blocks)


class RateFactor(Parameters):
    """Parameters whose learning rate is a multiple of the others'."""

    factor: float = Field(gt=0, allow_inf_nan=False)


#: What is nearest to the pixels: weights and norm scales of the embedding; class token and positions are `token`.
EMBEDDING = Parameters(kinds=("kernel", "norm_affine"), first=0, last=0)
