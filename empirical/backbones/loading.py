"""Backbones of the catalogue with their weights, read from files; or with random ones."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from artifacts import UserError, fingerprint
from artifacts.files import digest_of
from artifacts.runtime import wrong_in_bfloat16
from empirical.backbones.backbone import Backbone
from empirical.backbones.building import PublishedNetwork, build
from empirical.backbones.catalogue import SHIPPED, SMALL, BackboneChoice, is_own, published
from empirical.backbones.checkpoint_locations import CheckpointLocations, Reading
from empirical.backbones.checkpoints import PROVENANCE, read_checkpoint, read_provenance, weights_fingerprint
from empirical.backbones.feature_norm import FixedNorm
from empirical.backbones.own import own_backbone
from empirical.backbones.published_checksums import agrees, checked_sha256
from empirical.backbones.published_form import PublishedBackbone, WeightsFile
from empirical.backbones.small_resnet import SmallResNet, small_shapes
from empirical.backbones.translation import speaking, translated
from empirical.backbones.weights_file import stored_tensors

AS_USUAL = Reading()


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
    if is_own(choice.name):
        _refuse(choice, "compute", "rematerialise", why="let your function take them as options")
        if choice.checkpoint is not None and not choice.checkpoint.is_file():
            raise UserError(f"{choice.name} must be given a checkpoint that is a file, got {choice.checkpoint}.")
        backbone = own_backbone(choice.name, choice.checkpoint, choice.options)
        provenance: dict[str, Any] = {"backbone": choice.name, "options": dict(choice.options)}
        if choice.checkpoint is not None:
            provenance |= {"source": choice.checkpoint.name, "source_sha256": digest_of(choice.checkpoint)}
    elif choice.name == SMALL:
        path = choice.checkpoint or locations.files.get(SMALL, SHIPPED)
        _refuse_for_small(choice)
        backbone, provenance = read_checkpoint(path, small_shapes()), read_provenance(path)
    else:
        entry = published(choice.name)
        path, file = (choice.checkpoint, None) if choice.checkpoint else locations.existing(entry)
        reading = AS_USUAL if choice.checkpoint else locations.readings.get(choice.name, AS_USUAL)
        backbone, provenance = read_published(entry, path, file, published_shapes(choice), reading)
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
    if is_own(choice.name):
        raise UserError(f"{choice.name} is made by its own function; call `reinitialised` on what it makes.")
    if choice.name == SMALL:
        _refuse_for_small(choice)
        return SmallResNet(key=key)
    return _published_network(choice, key)


def published_shapes(choice: BackboneChoice) -> PublishedNetwork:
    """The network of an entry of the catalogue, with shapes in place of arrays."""
    return eqx.filter_eval_shape(lambda key: _published_network(choice, key), jax.random.key(0))


def read_published(
    backbone: PublishedBackbone,
    path: Path,
    file: WeightsFile | None,
    like: PublishedNetwork,
    reading: Reading = AS_USUAL,
) -> tuple[PublishedNetwork, dict[str, Any]]:
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


def _published_network(choice: BackboneChoice, key: Key[Array, ""]) -> PublishedNetwork:
    _refuse(choice, "options", why="only a function of your own takes options")
    if choice.compute == "bfloat16" and (reason := wrong_in_bfloat16()):
        raise UserError(f"{choice.name} must compute in what this device can: {reason}.")
    dtype = {"float32": jnp.float32, "bfloat16": jnp.bfloat16}[choice.compute]
    return build(published(choice.name).size, key=key, compute_dtype=dtype, rematerialise=choice.rematerialise)


def _refuse(choice: BackboneChoice, *fields: str, why: str) -> None:
    for name in fields:
        if getattr(choice, name) != BackboneChoice.model_fields[name].get_default(call_default_factory=True):
            shown = json.dumps(getattr(choice, name), default=str)
            raise UserError(f"{choice.name} must leave `{name}` as it is, got {shown}; {why}.")


def _refuse_for_small(choice: BackboneChoice) -> None:
    _refuse(choice, "compute", "rematerialise", "options", why=f"{SMALL} computes in float32 and keeps it all")
