"""Where a worker finds and leaves everything. Small and JSON-able, like a unit; nothing in it changes a number."""

from functools import lru_cache
from pathlib import Path

from artifacts.frozen import Frozen
from empirical.backbones.checkpoint_locations import CheckpointLocations, checkpoint_locations
from empirical.datasets.configuration import Data, read_data


class Workspace(Frozen):
    """The folders and files of a suite's runs.

    Attributes:
      folder: of the suite, where `suite.json` and all runs lie.
      root: below which data are looked for; None: the configuration's, else that of DISTORT_DATA.
      configuration: the user's TOML file (docs/datasets.md), where there is one.
    """

    folder: Path
    root: Path | None = None
    configuration: Path | None = None

    @property
    def data(self) -> Data:
        """Every data set that can be asked for, and where it lies."""
        return _data(self.configuration, self.root)

    @property
    def checkpoints(self) -> CheckpointLocations:
        """Where pretrained weights lie."""
        data = self.data
        return checkpoint_locations(data.locations.root, data.checkpoints)


@lru_cache(maxsize=4)
def _data(configuration: Path | None, root: Path | None) -> Data:
    return read_data(configuration, root=root)
