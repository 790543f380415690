"""FMoW's images from the challenge's own photographs, where the archive of WILDS cannot be had.

WILDS resized the photographs to 224 x 224 pixels and numbered them by the rows of its table, whose column
`img_filename` names the original. Its filter is not published: bicubic here, so that pixels need not be those of WILDS
to the last bit. Only the images that the benchmark reads are made, 32,000 of 523,846.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from artifacts import UserError
from artifacts.files import replacing
from artifacts.progress import Progress, silent
from empirical.datasets.download import Received
from empirical.datasets.layouts import fmow
from empirical.datasets.pixels import read_image

SIDE = 224
#: What a folder of the bucket has beyond the split's name where its labels were published later.
SUFFIX = "_gt"


def convert(photographs: Path, folder: Path, *, progress: Progress = silent) -> list[Received]:
    """Make `images/rgb_img_<row>.png` of every row that is read; those that are there are kept.

    Args:
      photographs: `fmow-rgb` of the bucket, with `<split>/<category>/<category>_<number>/<name>_rgb.jpg`.
      folder: `fmow_v1.1`, which must hold the two tables of WILDS.
    Raises:
      UserError: a table or a photograph is missing, or is not what it must be.
    """
    table = fmow.metadata(folder)
    names = fmow.originals(folder)
    rows = np.unique(np.concatenate([table.rows(split, 0, region) for split, region in fmow.USED]))
    places = _places(photographs)
    images = folder / "images"
    images.mkdir(exist_ok=True)
    there = {path.name for path in images.iterdir()}
    missing = [row for row in rows.tolist() if f"rgb_img_{row}.png" not in there]
    for done, row in enumerate(missing, 1):
        photograph = _place(places, photographs, str(table.split[row]), names[row])
        _convert(photograph, images / f"rgb_img_{row}.png")
        progress(f"{done} of {len(missing)} images", done / len(missing))
    return [
        Received(
            name="images",
            place=str(images),
            sha256="",
            checked=False,
            state=f"{len(missing)} made from photographs, {len(rows) - len(missing)} were there",
        )
    ]


def _convert(photograph: Path, target: Path) -> None:
    pixels = Image.fromarray(read_image(photograph)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    with replacing(target) as partial:
        pixels.save(partial, "PNG")


def _place(places: dict[tuple[str, str], Path], photographs: Path, split: str, name: str) -> Path:
    try:
        return places[split, name]
    except KeyError as error:
        raise UserError(
            f"{photographs} must hold {name} of the split {split}, but does not; fetch the rest of the bucket."
        ) from error


def _places(photographs: Path) -> dict[tuple[str, str], Path]:
    """Where each photograph of a split lies. Names return in other splits, and never within one."""
    paths = dict(_listed(photographs))
    if not paths:
        raise UserError(
            f"{photographs} must hold folders of splits with photographs (*_rgb.jpg), but holds none; "
            "name the folder fmow-rgb of the bucket."
        )
    return paths


def _listed(photographs: Path) -> Iterator[tuple[tuple[str, str], Path]]:
    for path in photographs.glob("*/*/*/*_rgb.jpg"):
        yield (path.relative_to(photographs).parts[0].removesuffix(SUFFIX), path.name), path
