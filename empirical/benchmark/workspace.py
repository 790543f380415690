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
      store: folder of packed stores; None: as `datasets.locations` finds it.
    """

    folder: Path
    root: Path | None = None
    configuration: Path | None = None
    store: Path | None = None

    @property
    def data(self) -> Data:
        """Every data set that can be asked for, and where it lies."""
        return _data(self.configuration, self.root, self.store, _edition(self.configuration))

    @property
    def checkpoints(self) -> CheckpointLocations:
        """Where pretrained weights lie."""
        data = self.data
        return checkpoint_locations(data.locations.root, data.checkpoints)


@lru_cache(maxsize=4)
def _data(configuration: Path | None, root: Path | None, store: Path | None, edition: tuple[int, ...] | None) -> Data:
    return read_data(configuration, root=root, store=store)


def _edition(configuration: Path | None) -> tuple[int, ...] | None:
    """What differs once a file was edited: a notebook may read the same one twice, and another in between."""
    if configuration is None or not configuration.is_file():
        return None
    state = configuration.stat()
    return state.st_mtime_ns, state.st_size, state.st_ino
