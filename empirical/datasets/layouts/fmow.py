"""FMoW: which images of the table belong to a split, a period and a region."""

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np

from artifacts import UserError
from artifacts.reading import open_regular
from empirical.datasets.families.fmow import CLASSES, SOURCE
from empirical.datasets.image_sets import ImageFiles, ImageSet
from empirical.datasets.locations import Locations
from empirical.datasets.sizes import read_marker

REGIONS = ("Asia", "Europe", "Africa", "Americas", "Oceania", "Other")
BEFORE, AFTER = datetime(2013, 1, 1, tzinfo=UTC), datetime(2016, 1, 1, tzinfo=UTC)
#: Splits and regions of which the images before 2013 are read.
USED = (("train", "Americas"), ("val", "Americas"), ("val", "Africa"), ("val", "Europe"))
TABLES = ("rgb_metadata.csv", "country_code_mapping.csv")
ROWS = 523_846
# Images before 2013 in the metadata's `val` split: in all, and in Oceania (a cheap check of the dates and regions).
EARLY_VALIDATION, EARLY_VALIDATION_OCEANIA = 11_483, 251


@dataclass(frozen=True)
class Metadata:
    """The table of images; `row` is the number in an image's file name, counted over the full table.

    Attributes:
      period: 0 before 2013, 1 from 2013 to 2015, 2 from 2016.
    """

    split: np.ndarray
    period: np.ndarray
    region: np.ndarray
    label: np.ndarray

    def rows(self, split: str, period: int, region: str) -> np.ndarray:
        """Numbers of a split's images in one period and region, ascending."""
        chosen = (self.split == split) & (self.period == period) & (self.region == REGIONS.index(region))
        return np.flatnonzero(chosen)


def metadata(folder: Path) -> Metadata:
    """Every row of the table, sequestered ones included: they count for the numbering of the images.

    Raises:
      UserError: a table is missing or is not what it must be.
    """
    stamps = [(folder / name).stat().st_mtime_ns if (folder / name).exists() else 0 for name in TABLES]
    return _metadata(folder, tuple(stamps), read_marker(folder) is None)


@lru_cache(maxsize=2)
def _metadata(folder: Path, stamps: tuple[int, ...], official: bool) -> Metadata:
    """Kept while the tables stay as they are: four sets are made from half a million rows."""
    countries = {row["alpha-3"]: row["region"] for row in _table(folder / TABLES[1], "alpha-3", "region")}
    path = folder / TABLES[0]
    label_of = {name: label for label, name in enumerate(CLASSES)}
    splits, periods, regions, labels = [], [], [], []
    for number, row in enumerate(_table(path, "split", "category", "country_code", "timestamp"), 2):
        # Without an entry, or with an empty one (Antarctica), a country belongs to no region.
        region = countries.get(row["country_code"]) or "Other"
        if row["category"] not in label_of or region not in REGIONS:
            raise UserError(
                f"{path} line {number} must name a known category and region, got {row['category']!r}, {region!r}."
            )
        splits.append(row["split"])
        periods.append(_period(path, number, row["timestamp"]))
        regions.append(REGIONS.index(region))
        labels.append(label_of[row["category"]])
    metadata = Metadata(np.array(splits), np.array(periods), np.array(regions), np.array(labels, np.int32))
    if official:
        _check(path, metadata)
    return metadata


def originals(folder: Path) -> list[str]:
    """The file name of the photograph that each row's image was made from.

    Raises:
      UserError: the table is missing or has no such column.
    """
    return [row["img_filename"] for row in _table(folder / TABLES[0], "img_filename")]


def _table(path: Path, *columns: str) -> list[dict[str, str]]:
    try:
        with io.TextIOWrapper(open_regular(path), encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                raise UserError(
                    f"{path} must have the column {missing[0]}, got {reader.fieldnames}; use fmow version 1.1."
                )
            return [{column: row[column] for column in columns} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} must be a table, but {error}; unpack fmow_v1.1 again.") from error


def _period(path: Path, number: int, text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except (ValueError, TypeError) as error:
        raise UserError(f"{path} line {number} must hold a date, got {text!r}; unpack fmow_v1.1 again.") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment >= BEFORE) + int(moment >= AFTER)


def _check(path: Path, metadata: Metadata) -> None:
    early = (metadata.split == "val") & (metadata.period == 0)
    oceania = early & (metadata.region == REGIONS.index("Oceania"))
    wanted = (("rows", ROWS, len(metadata.label)),
              ("`val` rows before 2013", EARLY_VALIDATION, int(early.sum())),
              ("`val` rows before 2013 in Oceania", EARLY_VALIDATION_OCEANIA, int(oceania.sum())))  # fmt: skip
    for what, must, came in wanted:
        if must != came:
            raise UserError(f"{path} must hold {must} {what}, got {came}; use fmow version 1.1 of WILDS, unchanged.")


def index(name: str, split: str, region: str, locations: Locations) -> ImageSet:
    """Images of a split and a region before 2013."""
    folder = locations.folder(SOURCE)
    table = metadata(folder)
    rows = table.rows(split, 0, region)
    there = {path.name for path in (folder / "images").iterdir()} if (folder / "images").is_dir() else set()
    names = [f"rgb_img_{row}.png" for row in rows]
    missing = next((name for name in names if name not in there), None)
    if missing:
        raise UserError(f"{folder / 'images' / missing} must be there, but is missing; unpack fmow_v1.1 again.")
    return ImageSet(name=name, images=ImageFiles(folder / "images", tuple(names)), labels=table.label[rows])
