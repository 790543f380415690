"""Every backbone that a recipe can name, as data; `empirical.backbones.loading` reads its weights."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from pydantic import Field

from artifacts import UserError
from artifacts.frozen import Frozen
from empirical.backbones.published import BY_NAME
from empirical.backbones.published_form import PublishedBackbone
from empirical.backbones.sizes import SMALL_WIDTHS

#: The small network that comes with the package.
SHIPPED = Path(__file__).with_name("small_resnet.safetensors")
SMALL = "small_resnet"


class BackboneChoice(Frozen):
    """What a recipe or a TOML file says.

    Attributes:
      name: a name of the catalogue, or `package.module:function` for a backbone of the user's own.
      checkpoint: the file; None: where the catalogue says it is looked for.
      options: passed to a user's own function.
      compute: what the network computes in; parameters and statistics are float32 in either case.
      rematerialise: forget activations inside blocks and compute them again for the gradient: less memory, more time.
      feature_norm: length to which every image's features are brought; None: as the network gives them.
    """

    name: str
    checkpoint: Path | None = None
    options: Mapping[str, str | int | float | bool] = Field(default_factory=dict)
    compute: Literal["float32", "bfloat16"] = "float32"
    rematerialise: bool = False
    feature_norm: float | None = Field(default=None, gt=0, allow_inf_nan=False)


def published(name: str) -> PublishedBackbone:
    """The catalogue's entry.

    Raises:
      UserError: there is none.
    """
    if name not in BY_NAME:
        raise UserError(f"A backbone must be {known_names(name)} or package.module:function, got {name!r}.")
    return BY_NAME[name]


def known_names(name: str) -> str:
    """The names that a mistaken one may stand for: the nearest, else all."""
    names = (*BY_NAME, SMALL)
    near = get_close_matches(name, names, n=3)
    return f"one of docs/backbones.md (the nearest: {', '.join(near)})" if near else ", ".join(names)


def is_own(name: str) -> bool:
    """Whether a name is that of a function of the user's own, `package.module:function`."""
    return ":" in name


def feature_dim(choice: BackboneChoice) -> int | None:
    """Width of its features; None for a function of the user's own.

    Raises:
      UserError: the catalogue has no such backbone.
    """
    if is_own(choice.name):
        return None
    return SMALL_WIDTHS[-1] if choice.name == SMALL else published(choice.name).size.feature_dim


def only_side(choice: BackboneChoice) -> int | None:
    """The only side in pixels that its images may have; None: any, or, of a user's own function, not known.

    Raises:
      UserError: the catalogue has no such backbone.
    """
    return None if is_own(choice.name) or choice.name == SMALL else published(choice.name).size.side
