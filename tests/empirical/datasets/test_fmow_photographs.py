"""FMoW from the challenge's photographs: each row's image is made from the photograph that the table names."""

import csv

import numpy as np
import pytest
from PIL import Image

from artifacts import UserError
from empirical.datasets.configuration import read_data
from empirical.datasets.families import fmow
from empirical.datasets.fmow_photographs import convert
from empirical.datasets.pixels import read_image
from empirical.miniature.files import mark

#: Split, category, country, year, name of the photograph, and its colour. One name is in two splits, as in the bucket.
ROWS = (
    ("train", "airport", "USA", 2010, "airport_0_0_rgb.jpg", 10),
    ("val", "airport", "USA", 2011, "airport_0_0_rgb.jpg", 60),
    ("train", "airport", "USA", 2014, "airport_1_0_rgb.jpg", 0),  # too late: never read
    ("seq", "airport", "USA", 2010, "airport_2_0_rgb.jpg", 0),  # sequestered, and counted
    ("val", "zoo", "NGA", 2011, "zoo_0_0_rgb.jpg", 110),
    ("val", "zoo", "FRA", 2011, "zoo_1_0_rgb.jpg", 160),
)
READ = {0: 10, 1: 60, 4: 110, 5: 160}


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / "data" / "fmow_v1.1"
    found.mkdir(parents=True)
    with (found / "rgb_metadata.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("split", "img_filename", "category", "country_code", "timestamp"))
        writer.writerows((split, name, category, country, f"{year}-05-05T10:30:00Z")
                         for split, category, country, year, name, _ in ROWS)  # fmt: skip
    with (found / "country_code_mapping.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerows((("alpha-3", "region"), ("USA", "Americas"), ("NGA", "Africa"), ("FRA", "Europe")))
    mark(found, 0, {})  # no table of half a million rows is asked for
    return found


@pytest.fixture
def photographs(tmp_path):
    for split, category, _, _, name, colour in ROWS:
        folder = "test_gt" if split == "seq" else split
        place = tmp_path / "fmow-rgb" / folder / category / name.rsplit("_", 2)[0] / name
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((300, 400, 3), colour, np.uint8)).save(place)
    return tmp_path / "fmow-rgb"


def test_each_image_is_made_from_its_own_photograph_and_only_what_is_read_is_made(folder, photographs):
    (said,) = convert(photographs, folder)
    assert said.state == "4 made from photographs, 0 were there"
    assert sorted(path.name for path in (folder / "images").iterdir()) == [f"rgb_img_{row}.png" for row in READ]
    for row, colour in READ.items():
        pixels = read_image(folder / "images" / f"rgb_img_{row}.png")
        assert pixels.shape == (224, 224, 3)
        assert abs(int(pixels.mean()) - colour) <= 1


def test_what_was_made_is_kept_and_the_benchmark_reads_it(folder, photographs):
    convert(photographs, folder)
    (folder / "images" / "rgb_img_4.png").unlink()
    (said,) = convert(photographs, folder)
    assert said.state == "1 made from photographs, 3 were there"
    training = fmow.FMOW.training.index(read_data(root=folder.parent).locations)
    assert [len(training), int(training.images[0].mean())] == [1, 10]


def test_a_photograph_that_is_missing_is_named(folder, photographs):
    next(photographs.glob("val/zoo/zoo_1/*")).unlink()
    with pytest.raises(UserError, match=r"must hold zoo_1_0_rgb\.jpg of the split val"):
        convert(photographs, folder)
    with pytest.raises(UserError, match="name the folder fmow-rgb"):
        convert(photographs / "train", folder)


def test_tables_without_names_of_photographs_are_refused(folder, photographs):
    (folder / "rgb_metadata.csv").write_text("split,category,country_code,timestamp\n")
    with pytest.raises(UserError, match="must have the column img_filename"):
        convert(photographs, folder)
