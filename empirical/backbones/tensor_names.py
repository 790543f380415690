"""The names that others give to a network's tensors, as data; `empirical.backbones.translation` reads files by them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

#: How axes lie elsewhere: `convolution` is outputs, inputs, height, width; `matrix` is outputs, inputs; `one leading`
#: and `two leading` have so many axes of length 1 before the others, `two trailing` behind them.
Layout = Literal["same", "convolution", "matrix", "one leading", "two leading", "two trailing"]
LEADING = {"one leading": 1, "two leading": 2}


class TensorOrigin(NamedTuple):
    """Where an array comes from: one tensor, or several that are joined along their first axis."""

    names: tuple[str, ...]
    layout: Layout = "same"


Origins = Mapping[str, TensorOrigin]


@dataclass(frozen=True)
class Dialect:
    """One way of naming a network's tensors.

    Attributes:
      mark: a tensor that shows that a file speaks this dialect.
      origins: for a network's size (`empirical.backbones.sizes`), where each of its arrays comes from.
      ignored: patterns of whatever else such a file may hold.
      zero: tensors that must be zero where they are there, since the network here has nothing in their place.
    """

    name: str
    mark: str
    origins: Callable[[Any], Origins]
    ignored: tuple[str, ...] = ()
    zero: tuple[str, ...] = ()


def norm_pairs(pairs: dict[str, str]) -> Origins:
    """Scale and shift of norm layers, by our field and their name."""
    return {
        f"{ours}.{field}": TensorOrigin((f"{theirs}.{name}",))
        for ours, theirs in pairs.items()
        for field, name in (("scale", "weight"), ("shift", "bias"))
    }


def linear_pairs(pairs: dict[str, str]) -> Origins:
    """Kernel and bias of linear maps, by our field and their name."""
    origins: dict[str, TensorOrigin] = {}
    for ours, theirs in pairs.items():
        origins[f"{ours}.kernel"] = TensorOrigin((f"{theirs}.weight",), "matrix")
        origins[f"{ours}.bias"] = TensorOrigin((f"{theirs}.bias",))
    return origins
