"""What the main job reads from installed packages, looked at as files: nothing is imported to find it."""

import csv
import gzip
import importlib.util
import json
from pathlib import Path

#: A row of scikit-learn's digits: 64 cells and the digit that they show.
COLUMNS = 65


def digits() -> str:
    """The handwritten digits that scikit-learn ships, every row read."""
    with gzip.open(_shipped("sklearn", "datasets", "data", "digits.csv.gz"), "rt") as file:
        rows = sum(len(row) == COLUMNS for row in csv.reader(file))
    if not rows:
        raise ValueError(f"{file.name} must have rows of {COLUMNS} numbers")
    return f"{rows} images, shipped with scikit-learn"


def weights() -> str:
    """The pretrained network: where its last tensor ends, as its header says, against the length of the file."""
    path = _shipped("empirical", "backbones", "small_resnet.safetensors")
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > size:
            raise ValueError(f"{path} is cut off")
        header = json.loads(file.read(length))
    end = max(entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__")
    if 8 + length + end != size:
        raise ValueError(f"{path} must have {8 + length + end} bytes, got {size}")
    return f"{path.name}, {size / 1e6:.2f} MB"


def fonts() -> str:
    """The fonts that matplotlib ships, of which pretraining draws."""
    fonts = list(_shipped("matplotlib", "mpl-data", "fonts", "ttf").glob("*.ttf"))
    if not fonts:
        raise FileNotFoundError("matplotlib has no fonts")
    return f"{len(fonts)} of matplotlib's fonts, for pretraining"


def _shipped(package: str, *parts: str) -> Path:
    """A file in a package's folder; a package of that name is found without running it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"{package} is not installed")
    path = Path(spec.origin).parent.joinpath(*parts)
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing")
    return path
