"""Every backbone that a recipe can name, and how its weights are read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
from pydantic import BaseModel, ConfigDict, Field

from artifacts import UserError
from empirical.backbones.backbone import Backbone
from empirical.backbones.checkpoints import read_checkpoint, read_provenance, weights_fingerprint
from empirical.backbones.places import CheckpointPlaces
from empirical.backbones.small_resnet import SmallResNet

#: The small network that comes with the package.
SHIPPED = Path(__file__).with_name("small_resnet.safetensors")


class BackboneChoice(BaseModel):
    """What a recipe or a TOML file says.

    Attributes:
      name: a name of the catalogue, or `package.module:function` for a backbone of the user's own.
      checkpoint: the file; None: where the catalogue says it is looked for.
      options: passed to a user's own function.
      compute: what the network computes in; parameters and statistics are float32 in either case.
      rematerialise: forget activations inside blocks and compute them again for the gradient: less memory, more time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    checkpoint: Path | None = None
    options: Mapping[str, str | int | float | bool] = Field(default_factory=dict)
    compute: Literal["float32", "bfloat16"] = "float32"
    rematerialise: bool = False


class Loaded(NamedTuple):
    """A backbone with its weights.

    Attributes:
      fingerprint: SHA-256 of the weights as loaded.
      provenance: where they come from, as JSON values.
    """

    backbone: Backbone
    fingerprint: str
    provenance: dict[str, Any]


def load(choice: BackboneChoice, places: CheckpointPlaces) -> Loaded:
    """The chosen backbone with its weights.

    Raises:
      UserError: no such backbone, no such file, or a file that does not hold exactly the backbone's weights.
    """
    if choice.name != "small_resnet":
        raise UserError(f"A backbone must be named as in the catalogue, got {choice.name!r}; small_resnet is there.")
    if choice.compute != "float32" or choice.rematerialise or choice.options:
        raise UserError("small_resnet computes in float32, keeps its activations and has no options.")
    path = choice.checkpoint or places.files.get(choice.name, SHIPPED)
    backbone = read_checkpoint(path, eqx.filter_eval_shape(SmallResNet, key=jax.random.key(0)))
    return Loaded(backbone, weights_fingerprint(backbone), read_provenance(path))
