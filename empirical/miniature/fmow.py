"""FMoW in small: satellite views with a country and a date each. Regions differ in ground and haze, years in sharpness.

The metadata hold rows of every split, sequestered ones and an unknown country included, so that numbering and splits
are exercised as by the full table.
"""

import csv
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int

from empirical.datasets.families.fmow import CLASSES
from empirical.datasets.layouts.fmow import REGIONS
from empirical.miniature.drawing import Traits, draw, spread, traits
from empirical.miniature.files import exactly, mark, save_pngs
from empirical.miniature.rendering import Picture, clouds, to_bytes

# One country for each region; the last stands in no table, so its region is Other.
COUNTRIES = ("IND", "FRA", "KEN", "USA", "AUS", "XKX")
GROUND = np.array(
    [[0.45, 0.42, 0.25], [0.42, 0.44, 0.4], [0.62, 0.47, 0.32], [0.3, 0.4, 0.32], [0.6, 0.35, 0.2], [0.4, 0.4, 0.4]],
    np.float32,
)
HAZE = np.array([0.2, 0.1, 0.2, 0.0, 0.05, 0.1], np.float32)
# Drawn small and enlarged to the official 224 pixels: pixels of a satellite.
SIDE, ENLARGED = 56, 4
#: Split, year, region and images in each class.
GROUPS = (
    ("train", 2010, "Americas", 10),
    ("val", 2011, "Americas", 3),
    ("val", 2011, "Africa", 3),
    ("val", 2011, "Europe", 3),
    ("val", 2014, "Africa", 1),
    ("test", 2012, "Americas", 1),
    ("test", 2017, "Africa", 1),
    ("train", 2010, "Asia", 1),
    ("val", 2011, "Oceania", 1),
)
SEQUESTERED = 30


def write_fmow(root: Path, seed: int) -> None:
    """Write the images and both tables into a new folder below `root`."""
    folder = root / "fmow_v1.1"
    (folder / "images").mkdir(parents=True)
    generator = np.random.default_rng([seed, 62])
    rows = [
        (split, year, REGIONS.index(region), label)
        for split, year, region, count in GROUPS
        for label in range(len(CLASSES))
        for _ in range(count)
    ]
    rows += [("seq", 2015, 3, int(label)) for label in generator.integers(0, len(CLASSES), SEQUESTERED)]
    rows += [("train", 2010, REGIONS.index("Other"), label) for label in range(3)]
    rows = [rows[index] for index in generator.permutation(len(rows))]
    _write_tables(folder, rows, generator)
    for start in range(0, len(rows), 256):
        _write_images(folder, rows[start : start + 256], start, generator)
    counts = {(split, region): count for split, year, region, count in GROUPS if year < 2013}
    names = {"id_training": ("train", "Americas"), "id_test": ("val", "Americas"),
             "africa": ("val", "Africa"), "europe": ("val", "Europe")}  # fmt: skip
    sizes = {f"fmow/{name}": exactly(len(CLASSES) * counts[key], counts[key]) for name, key in names.items()}
    mark(folder, seed, sizes)


def _write_tables(folder: Path, rows: list[tuple[str, int, int, int]], generator: np.random.Generator) -> None:
    with (folder / "rgb_metadata.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("split", "category", "country_code", "timestamp"))
        for split, year, region, label in rows:
            month, day = generator.integers(1, 13), generator.integers(1, 29)
            writer.writerow((split, CLASSES[label], COUNTRIES[region], f"{year}-{month:02d}-{day:02d}T10:30:00Z"))
    with (folder / "country_code_mapping.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("name", "alpha-3", "region"))
        writer.writerows((code, code, region) for code, region in zip(COUNTRIES[:-1], REGIONS[:-1], strict=True))


def _write_images(
    folder: Path, rows: list[tuple[str, int, int, int]], start: int, generator: np.random.Generator
) -> None:
    labels, regions, years = (np.array([row[column] for row in rows]) for column in (3, 2, 1))
    shown = traits(spread(labels, 18), spread(labels, 30, 1), generator.integers(0, 60, len(rows)))
    pictures = to_bytes(_views(shown, regions, years, generator))
    # Sequestered images are in the table and not in the archive.
    kept = [index for index, row in enumerate(rows) if row[0] != "seq"]
    paths = [folder / "images" / f"rgb_img_{start + index}.png" for index in kept]
    save_pngs(pictures[kept].repeat(ENLARGED, axis=1).repeat(ENLARGED, axis=2), paths)


def _views(
    shown: Traits, regions: Int[np.ndarray, " n"], years: Int[np.ndarray, " n"], generator: np.random.Generator
) -> Picture:
    """A facility on its region's ground: greyer than the ground, with a shadow; older pictures have less contrast."""
    drawing = draw(shown, SIDE, generator)
    count = len(regions)
    ground = GROUND[regions][:, None, None] * (0.7 + 0.6 * clouds(count, SIDE, generator, knots=12))
    tone: Float32[np.ndarray, "n s s 1"] = (0.9 - 0.5 * drawing.coat)[..., None]
    roofs = tone * (0.75 + 0.25 * (GROUND[regions] / GROUND[regions].max(-1, keepdims=True))[:, None, None])
    picture = (ground + drawing.body[..., None] * (roofs - ground)) * (1 - 0.6 * drawing.outline[..., None])
    contrast = (0.75 + 0.04 * (years - 2010)).astype(np.float32)[:, None, None, None]
    haze = HAZE[regions][:, None, None, None]
    return (1 - haze) * (0.5 + contrast * (picture - 0.5)) + haze * np.float32(0.8)
