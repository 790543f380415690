"""Where a worker finds and leaves everything. Small and JSON-able, like a unit; nothing in it changes a number."""

from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from empirical.backbones.checkpoint_locations import CheckpointPlaces, checkpoint_places
from empirical.datasets.configuration import Data, read_data


class Places(BaseModel):
    """Folders and files.

    Attributes:
      folder: of the suite, where `suite.json` and all runs lie.
      root: below which data are looked for; None: the configuration's, else that of DISTORT_DATA.
      configuration: the user's TOML file (docs/datasets.md), where there is one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path
    root: Path | None = None
    configuration: Path | None = None

    @property
    def data(self) -> Data:
        return _data(self.configuration, self.root)

    @property
    def checkpoints(self) -> CheckpointPlaces:
        data = self.data
        return checkpoint_places(data.locations.root, data.checkpoints)


@lru_cache(maxsize=4)
def _data(configuration: Path | None, root: Path | None) -> Data:
    return read_data(configuration, root=root)
