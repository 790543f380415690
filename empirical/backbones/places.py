"""Where checkpoints are looked for."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

VARIABLE = "DISTORT_CHECKPOINTS"
BELOW_DATA = "checkpoints"


class CheckpointPlaces(BaseModel):
    """One folder for all checkpoints, and a file for whichever lies elsewhere (names as in the catalogue)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path | None = None
    files: Mapping[str, Path] = Field(default_factory=dict)


def checkpoint_places(data_root: Path | None = None, files: Mapping[str, Path] | None = None) -> CheckpointPlaces:
    """The folder that DISTORT_CHECKPOINTS names, else `checkpoints` below the data root.

    Args:
      files: what `[checkpoints]` of the user's TOML file says, by the backbone's name.
    """
    named = os.environ.get(VARIABLE)
    below = None if data_root is None else data_root / BELOW_DATA
    return CheckpointPlaces(folder=Path(named) if named else below, files=files or {})
