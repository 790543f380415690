"""What the catalogue says of a published backbone: its size, its files, and the names in them."""

from dataclasses import dataclass

from empirical.backbones.sizes import Size, TextSize
from empirical.backbones.tensor_names import Dialect

HUB = "https://huggingface.co"


@dataclass(frozen=True)
class WeightsFile:
    """One file that holds a backbone's weights.

    Attributes:
      name: below the checkpoints' folder.
      address: direct, or that of a model hub's file.
      sha256, md5: as published, perhaps only their beginnings; empty where none is.
    """

    name: str
    address: str
    sha256: str = ""
    md5: str = ""


@dataclass(frozen=True, kw_only=True)
class PublishedBackbone:
    """A backbone of the catalogue.

    Attributes:
      needed_by: the recipes that name it.
      files: the forms in which it is published, any one of which will do.
      size: of the network; its type says which (`empirical.backbones.building`).
      text: the size of the text tower that lies in the same file, CLIP only.
    """

    name: str
    title: str
    licence: str
    needed_by: tuple[str, ...]
    files: tuple[WeightsFile, ...]
    dialects: tuple[Dialect, ...]
    size: Size
    text: TextSize | None = None


def hub_file(owner: str, repository: str, file: str) -> WeightsFile:
    """A file of a model hub's repository."""
    return WeightsFile(f"{repository}/{file}", f"{HUB}/{owner}/{repository}/resolve/main/{file}")
