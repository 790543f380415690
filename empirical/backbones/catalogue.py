"""Every backbone that a recipe can name, and how its weights are read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Key
from pydantic import Field

from artifacts import UserError, fingerprint
from artifacts.files import digest_of
from artifacts.frozen import Frozen
from artifacts.runtime import wrong_in_bfloat16
from empirical.backbones.backbone import Backbone
from empirical.backbones.checkpoint_locations import CheckpointLocations, Reading
from empirical.backbones.checkpoints import PROVENANCE, read_checkpoint, read_provenance, weights_fingerprint
from empirical.backbones.feature_norm import FixedNorm
from empirical.backbones.own import own_backbone
from empirical.backbones.published import BY_NAME, PublishedBackbone, WeightsFile
from empirical.backbones.small_resnet import SmallResNet
from empirical.backbones.tensor_names import speaking, translated
from empirical.backbones.weights_file import stored_tensors

#: The small network that comes with the package.
SHIPPED = Path(__file__).with_name("small_resnet.safetensors")
SMALL = "small_resnet"
AS_USUAL = Reading()


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


class Loaded(NamedTuple):
    """A backbone with its weights.

    Attributes:
      fingerprint: SHA-256 of the weights as loaded, and of the length of features where the recipe sets one: equal
        fingerprints give equal features.
      provenance: where they come from, as JSON values.
    """

    backbone: Backbone
    fingerprint: str
    provenance: dict[str, Any]


def load(choice: BackboneChoice, locations: CheckpointLocations) -> Loaded:
    """The chosen backbone with its weights.

    Raises:
      UserError: no such backbone, no such file, or a file that does not hold exactly the backbone's weights.
    """
    if ":" in choice.name:
        _refuse(choice, "compute", "rematerialise", why="let your function take them as options")
        if choice.checkpoint is not None and not choice.checkpoint.is_file():
            raise UserError(f"{choice.name} must be given a checkpoint that is a file, got {choice.checkpoint}.")
        backbone = own_backbone(choice.name, choice.checkpoint, choice.options)
        provenance: dict[str, Any] = {"backbone": choice.name, "options": dict(choice.options)}
        if choice.checkpoint is not None:
            provenance |= {"source": choice.checkpoint.name, "source_sha256": digest_of(choice.checkpoint)}
    elif choice.name == SMALL:
        path = choice.checkpoint or locations.files.get(SMALL, SHIPPED)
        backbone, provenance = read_checkpoint(path, _shapes(choice)), read_provenance(path)
    else:
        entry = published(choice.name)
        path, file = (choice.checkpoint, None) if choice.checkpoint else locations.existing(entry)
        reading = AS_USUAL if choice.checkpoint else locations.readings.get(choice.name, AS_USUAL)
        backbone, provenance = read_published(entry, path, file, _shapes(choice), reading)
    weights = weights_fingerprint(backbone)
    if choice.feature_norm is None:
        return Loaded(backbone, weights, provenance)
    scaled = fingerprint({"weights": weights, "feature_norm": choice.feature_norm})
    return Loaded(FixedNorm(backbone, choice.feature_norm), scaled, provenance)


def fresh(choice: BackboneChoice, *, key: Key[Array, ""]) -> Backbone:
    """The chosen architecture with random weights, its features of their own length; no file is read.

    Raises:
      UserError: no such architecture, or one of the user's own, which only their function can make; or bfloat16 where
        it is computed wrongly (`artifacts.runtime.wrong_in_bfloat16`).
    """
    if ":" in choice.name:
        raise UserError(f"{choice.name} is made by its own function; call `reinitialised` on what it makes.")
    if choice.name == SMALL:
        _refuse(choice, "compute", "rematerialise", "options", why=f"{SMALL} computes in float32 and keeps it all")
        return SmallResNet(key=key)
    _refuse(choice, "options", why="only a function of your own takes options")
    if choice.compute == "bfloat16" and (reason := wrong_in_bfloat16()):
        raise UserError(f"{choice.name} must compute in what this device can: {reason}.")
    dtype = {"float32": jnp.float32, "bfloat16": jnp.bfloat16}[choice.compute]
    return published(choice.name).build(key=key, compute_dtype=dtype, rematerialise=choice.rematerialise)


def published(name: str) -> PublishedBackbone:
    """The catalogue's entry.

    Raises:
      UserError: there is none.
    """
    if name not in BY_NAME:
        known = ", ".join((*BY_NAME, SMALL))
        raise UserError(f"A backbone must be {known} or package.module:function, got {name!r}.")
    return BY_NAME[name]


def read_published(
    backbone: PublishedBackbone, path: Path, file: WeightsFile | None, like: Backbone, reading: Reading = AS_USUAL
) -> tuple[Backbone, dict[str, Any]]:
    """A published backbone from a file of any of its forms, and where it comes from.

    Args:
      file: what the file must be by its published checksum; None: any file that holds the tensors.
    """
    stored = stored_tensors(path, reading.key)
    if PROVENANCE in stored.metadata:
        provenance = read_provenance(path)
        if provenance.get("backbone", backbone.name) != backbone.name:
            raise UserError(f"{path} must hold {backbone.name}, got {provenance['backbone']}.")
        return read_checkpoint(path, like), provenance
    sha256 = checked_sha256(path, file)
    if reading.prefix:
        stored = stored.below(reading.prefix)
    dialect = speaking(path, stored, backbone.dialects)
    network = translated(path, stored, dialect, like)
    known = any(bool(known.sha256 or known.md5) and agrees(path, known, sha256) for known in backbone.files)
    return network, {
        "backbone": backbone.name,
        "title": backbone.title,
        "licence": backbone.licence,
        "source": path.name,
        "source_sha256": sha256,
        "published_checksum_agrees": known,
        "container": stored.container,
        "names": dialect.name,
    }


def checked_sha256(path: Path, file: WeightsFile | None) -> str:
    """A file's SHA-256.

    Raises:
      UserError: it must be a published file and is not.
    """
    sha256 = digest_of(path)
    if file is not None and not agrees(path, file, sha256):
        raise UserError(
            f"{path} must have the published checksum {file.sha256 or file.md5}, got SHA-256 {sha256}; fetch it again, "
            f"or name the file as the checkpoint if it is meant."
        )
    return sha256


def agrees(path: Path, file: WeightsFile, sha256: str) -> bool:
    """Whether a file's checksum begins as the published one; True where none is published."""
    return sha256.startswith(file.sha256) and (not file.md5 or digest_of(path, "md5").startswith(file.md5))


def _shapes(choice: BackboneChoice) -> Backbone:
    return eqx.filter_eval_shape(lambda key: fresh(choice, key=key), jax.random.key(0))


def _refuse(choice: BackboneChoice, *fields: str, why: str) -> None:
    for name in fields:
        if getattr(choice, name) != BackboneChoice.model_fields[name].get_default(call_default_factory=True):
            shown = json.dumps(getattr(choice, name), default=str)
            raise UserError(f"{choice.name} must leave `{name}` as it is, got {shown}; {why}.")
