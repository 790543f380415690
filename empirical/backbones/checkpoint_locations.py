"""Where checkpoints are looked for."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from artifacts import UserError
from artifacts.frozen import Frozen
from empirical.backbones.catalogue import SHIPPED, SMALL, BackboneChoice, is_own, published
from empirical.backbones.published_form import PublishedBackbone, WeightsFile
from empirical.datasets.configuration import CheckpointFile

VARIABLE = "DISTORT_CHECKPOINTS"
BELOW_DATA = "checkpoints"


class Reading(Frozen):
    """Where in a file of weights a backbone's tensors are (`datasets.configuration.CheckpointFile`)."""

    key: str = ""
    prefix: str = ""


class CheckpointLocations(Frozen):
    """One folder for all checkpoints, and a file for whichever lies elsewhere (names as in the catalogue).

    Attributes:
      readings: where in those files the tensors are, where it is not where it mostly is.
    """

    folder: Path | None = None
    files: Mapping[str, Path] = Field(default_factory=dict)
    readings: Mapping[str, Reading] = Field(default_factory=dict)

    def converted(self, name: str) -> Path | None:
        """Where the converted weights of a backbone go; they are looked for before any other file."""
        return None if self.folder is None else self.folder / f"{name}.safetensors"

    def candidates(self, backbone: PublishedBackbone) -> list[tuple[Path, WeightsFile | None]]:
        """Everywhere that a backbone is looked for, and which published file lies there; None for another one."""
        if backbone.name in self.files:
            return [(self.files[backbone.name], None)]
        converted = self.converted(backbone.name)
        if self.folder is None or converted is None:
            return []
        return [(converted, None), *((self.folder / file.name, file) for file in backbone.files)]

    def existing(self, backbone: PublishedBackbone) -> tuple[Path, WeightsFile | None]:
        """The first place where something is.

        Raises:
          UserError: nothing is anywhere.
        """
        candidates = self.candidates(backbone)
        for path, file in candidates:
            if path.is_file():
                return path, file
        looked = " or ".join(str(path) for path, _ in candidates) or f"a folder, but {VARIABLE} names none"
        raise UserError(
            f"{backbone.name} needs its weights in {looked}; nothing is there: `distort bench checkpoints` helps."
        )


def weights_file(choice: BackboneChoice, locations: CheckpointLocations) -> tuple[Path | None, WeightsFile | None]:
    """The file that a backbone's weights are read from, and which published file that must be; None for another one.

    None in place of the path where a function of the user's own is given none.

    Raises:
      UserError: a published backbone's file is nowhere, or there is no such backbone.
    """
    if choice.checkpoint is not None or is_own(choice.name):
        return choice.checkpoint, None
    if choice.name == SMALL:
        return locations.files.get(SMALL, SHIPPED), None
    return locations.existing(published(choice.name))


def checkpoint_locations(
    data_root: Path | None = None, files: Mapping[str, CheckpointFile] | None = None
) -> CheckpointLocations:
    """The folder that DISTORT_CHECKPOINTS names, else `checkpoints` below the data root.

    Args:
      files: what `[checkpoints]` of the user's TOML file says, by the backbone's name.
    """
    named = os.environ.get(VARIABLE)
    below = None if data_root is None else data_root / BELOW_DATA
    own = files or {}
    return CheckpointLocations(
        folder=Path(named) if named else below,
        files={name: file.file for name, file in own.items()},
        readings={name: Reading(key=file.key, prefix=file.prefix) for name, file in own.items()},
    )
