"""Published weights brought once into this project's own form: safetensors, with their provenance."""

from pathlib import Path

from artifacts import ArgumentError
from artifacts.files import replacing
from empirical.backbones.catalogue import BackboneChoice, published
from empirical.backbones.checkpoint_locations import VARIABLE, CheckpointLocations
from empirical.backbones.checkpoints import write_checkpoint
from empirical.backbones.loading import AS_USUAL, published_shapes, read_published


def convert(name: str, locations: CheckpointLocations, source: Path | None = None) -> Path:
    """Write a backbone's converted weights into the checkpoints' folder, where `load` finds them first.

    Args:
      source: the file to convert; None: where it is looked for. A file with a published checksum must agree with it.
    Raises:
      ArgumentError: no folder is named.
      UserError: there is no source, or the source is not exactly the backbone.
    """
    backbone = published(name)
    target = locations.converted(name)
    if target is None:
        raise ArgumentError(f"Converted weights must have somewhere to go, but no folder is named; set {VARIABLE}.")
    candidates = [(path, file) for path, file in locations.candidates(backbone) if path != target and path.is_file()]
    if source is None and not candidates:
        locations.existing(backbone)  # says what was looked for
        return target
    path, file = (source, None) if source is not None else candidates[0]
    like = published_shapes(BackboneChoice(name=name))
    network, provenance = read_published(backbone, path, file, like, locations.readings.get(name, AS_USUAL))
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as partial:
        write_checkpoint(partial, network, provenance)
    return target
