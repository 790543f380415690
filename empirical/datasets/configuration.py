"""The user's TOML file: where the data lie, and data sets of their own.

    root = "/data"                        # or --root, or DISTORT_DATA
    [locations]
    imagenet = "/large/ilsvrc2012"        # whatever does not lie below the root
    [datasets.office]                     # a data set of your own
    training = { folder = "amazon" }      # class subfolders
    [datasets.office.ood]
    webcam = { folder = "webcam" }
    phone = { folder = "phone", labels = "phone.txt" }   # `path label` a line
    [checkpoints]
    clip_vit_b16 = "/large/clip.safetensors"             # whatever does not lie in the checkpoint folder

`name` and `recipes` are about runs and are read by `empirical.benchmark.suite_file`. Paths are relative to the file.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from artifacts import UserError
from empirical.datasets.catalogue import EMBEDDED, FAMILIES
from empirical.datasets.family import Family
from empirical.datasets.folders import OwnDataset, own_family
from empirical.datasets.locations import Locations, locations
from empirical.datasets.naming import Name
from empirical.formats.files import read_text

MOST_BYTES = 1 << 20


class Configuration(BaseModel):
    """The file's content."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    root: Path | None = None
    locations: Mapping[str, Path] = Field(default_factory=dict)
    datasets: Mapping[Name, OwnDataset] = Field(default_factory=dict)
    checkpoints: Mapping[str, Path] = Field(default_factory=dict)
    name: Any = None
    recipes: Any = None


@dataclass(frozen=True)
class Data:
    """Every family that can be asked for, and where things lie; checkpoints by the backbone's name."""

    families: tuple[Family, ...]
    locations: Locations
    checkpoints: Mapping[str, Path] = field(default_factory=dict)


def read_data(configuration: Path | None = None, *, root: Path | None = None) -> Data:
    """The families and locations under a root and a configuration file, both optional.

    Raises:
      UserError: the file cannot be read, or says something that is not understood.
    """
    if configuration is None:
        return Data(FAMILIES, locations(root))
    try:
        content = tomllib.loads(read_text(configuration, MOST_BYTES))
        read = Configuration.model_validate(content)
        base = configuration.parent
        own_root = None if read.root is None else base / read.root
        found = locations(root or own_root)
        folders = {name: base / folder for name, folder in read.locations.items()}
        placed = Locations(root=found.root, folders=folders)
    # tomllib calls itself for every bracket.
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise UserError(f"{configuration} must be a TOML file, but {error}; docs/datasets.md shows one.") from error
    except ValidationError as error:
        raise UserError(f"{configuration} must follow docs/datasets.md, but {_first(error)}.") from error
    taken = sorted(set(read.datasets) & {task.name for task in (*FAMILIES, *EMBEDDED)})
    if taken:
        raise UserError(
            f"{configuration} must not name a data set {taken[0]}, which is one of the catalogue; name it otherwise."
        )
    own = tuple(own_family(name, content, base) for name, content in read.datasets.items())
    checkpoints = {name: base / file for name, file in read.checkpoints.items()}
    return Data((*FAMILIES, *own), placed, checkpoints)


def _first(error: ValidationError) -> str:
    first: Any = error.errors()[0]
    place = ".".join(map(str, first["loc"])) or "the file"
    return f"{place}: {first['msg']}"
