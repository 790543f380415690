"""The user's TOML file: where the data lie, and data sets of their own.

    root = "/data"                        # or --root, or DISTORT_DATA
    store = "/fast/packed"                # or --store, or DISTORT_STORE, or `packed` below the root
    [locations]
    imagenet = "/large/ilsvrc2012"        # whatever does not lie below the root
    [datasets.office]                     # a data set of your own
    training = "amazon"                   # class subfolders; short for { folder = "amazon" }
    [datasets.office.ood]
    webcam = "webcam"
    phone = { folder = "phone", labels = "phone.txt" }   # `path label` a line
    [checkpoints]
    clip_vit_b16 = "/large/clip.safetensors"             # whatever does not lie in the checkpoint folder
    moco_v2_resnet50 = { file = "mine.pth", key = "model", prefix = "backbone." }    # where the names have a prefix

`name` and `recipes` are about runs and are read by `empirical.benchmark.suite_file`. Paths are relative to the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from artifacts import UserError
from artifacts.frozen import Frozen
from artifacts.mistakes import mistake
from artifacts.reading import read_toml, why_unreadable
from empirical.datasets.catalogue import EMBEDDED, FAMILIES, FOLDERS
from empirical.datasets.family import Family
from empirical.datasets.locations import Locations, locations
from empirical.datasets.naming import Name
from empirical.datasets.own import OwnDataset, own_family


class CheckpointFile(Frozen):
    """A file of weights and where in it they are.

    Attributes:
      key: of a PyTorch file, the entries that lead to the dictionary of tensors, with dots between them; empty: the
        usual ones (`state_dict`, `model`).
      prefix: what precedes the names of the backbone's tensors; others are left out. Empty: one of the known prefixes.
    """

    file: Path
    key: str = ""
    prefix: str = ""


class DataFile(Frozen):
    """The file's content."""

    root: Path | None = None
    store: Path | None = None
    locations: Mapping[str, Path] = Field(default_factory=dict)
    datasets: Mapping[Name, OwnDataset] = Field(default_factory=dict)
    checkpoints: Mapping[str, Path | CheckpointFile] = Field(default_factory=dict)
    name: Any = None
    recipes: Any = None


@dataclass(frozen=True)
class Data:
    """Every family that can be asked for, and where things lie; checkpoints by the backbone's name."""

    families: tuple[Family, ...]
    locations: Locations
    checkpoints: Mapping[str, CheckpointFile] = field(default_factory=dict)

    @property
    def own(self) -> frozenset[str]:
        """Names of the user's own."""
        return frozenset(family.name for family in self.families) - {family.name for family in FAMILIES}


def read_data(configuration: Path | None = None, *, root: Path | None = None, store: Path | None = None) -> Data:
    """The families and locations under a root and a configuration file, both optional.

    Args:
      store: folder of packed stores; None: the file's, else as `locations` finds it.
    Raises:
      UserError: the file cannot be read, or says something that is not understood.
    """
    if configuration is None:
        return Data(FAMILIES, locations(root, store))
    try:
        content = read_toml(configuration)
        read = DataFile.model_validate(content)
        base = configuration.parent
        own_root = None if read.root is None else base / read.root
        own_store = None if read.store is None else base / read.store
        places = locations(root or own_root, store or own_store)
        folders = {name: base / folder for name, folder in read.locations.items()}
        placed = Locations(root=places.root, folders=folders, store=places.store)
    except ValidationError as error:
        raise UserError(
            f"{configuration} must follow docs/datasets.md, but {mistake(error, DataFile, whole='the file')}."
        ) from error
    except (OSError, ValueError) as error:
        said = why_unreadable(error)
        raise UserError(f"{configuration} must be a TOML file, but {said}; docs/datasets.md shows one.") from error
    unknown = sorted(set(read.locations) - set(FOLDERS))
    if unknown:
        raise UserError(
            f"{configuration} must follow docs/datasets.md: [locations] must name {', '.join(FOLDERS)}; "
            f"got {', '.join(unknown)}."
        )
    taken = sorted(set(read.datasets) & {task.name for task in (*FAMILIES, *EMBEDDED)})
    if taken:
        raise UserError(
            f"{configuration} must not name a data set {taken[0]}, which is one of the catalogue; name it otherwise."
        )
    own = tuple(own_family(name, content, base) for name, content in read.datasets.items())
    checkpoints = {name: _checkpoint(file, base) for name, file in read.checkpoints.items()}
    return Data((*FAMILIES, *own), placed, checkpoints)


def _checkpoint(file: Path | CheckpointFile, base: Path) -> CheckpointFile:
    entry = file if isinstance(file, CheckpointFile) else CheckpointFile(file=file)
    return entry.model_copy(update={"file": base / entry.file})
