"""How many images a set must hold; a set of another size is never used silently.

A miniature (`empirical.miniature`) says so itself: a marker in each of its folders names its own sizes, which are
checked as strictly. Without a marker the published sizes hold.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from artifacts import UserError
from artifacts.files import write_text
from artifacts.frozen import Frozen
from artifacts.reading import read_regular

MARKER = "distort-miniature.json"
MOST_BYTES = 1 << 20


class SetSize(Frozen):
    """Number of images in all, and the smallest and largest number in a class.

    `confirmed` is False for a number that is remembered rather than published: verification reports a difference,
    readers do not refuse the set.
    """

    total: int | None = None
    per_class: tuple[int, int] | None = None
    confirmed: bool = True


class Miniature(Frozen):
    """The marker of a synthetic copy: the seed that drew it and the sizes of its sets, named `dataset/set`."""

    made_by: str = "distort bench miniature"
    seed: int
    sizes: Mapping[str, SetSize]


def write_marker(folder: Path, marker: Miniature) -> None:
    """Write the marker that makes a folder a miniature."""
    write_text(folder / MARKER, json.dumps(marker.model_dump(mode="json"), indent=1) + "\n")


def read_marker(folder: Path) -> Miniature | None:
    """The marker of a miniature; None where the folder is no miniature.

    Raises:
      UserError: there is a marker that cannot be read.
    """
    path = folder / MARKER
    if not path.exists():
        return None
    try:
        return Miniature.model_validate_json(read_regular(path, MOST_BYTES))
    except (ValidationError, OSError) as error:
        raise UserError(
            f"{path} must be the marker of a miniature, but it is damaged; write the miniature again."
        ) from error


def required_size(folder: Path, key: str, published: SetSize) -> SetSize:
    """The size that a set in this folder must have."""
    marker = read_marker(folder)
    if marker is None:
        return published
    if key not in marker.sizes:
        raise UserError(f"{folder / MARKER} must give the size of {key}, but does not; write the miniature again.")
    return marker.sizes[key]
