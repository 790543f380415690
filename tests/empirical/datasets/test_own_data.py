"""A user's own folders, label files and arrays, through a TOML file."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artifacts import UserError
from empirical.datasets.catalogue import family
from empirical.datasets.configuration import read_data
from empirical.datasets.family import read_dataset
from empirical.datasets.folders import write_class_folders
from empirical.datasets.protocols import CLEAN
from empirical.datasets.verification import verify

SHARED = Path(os.environ.get("DISTORT_SHARED_DATA") or Path(__file__).parents[4] / "shared" / "data")
OFFICE = pytest.mark.skipif(
    not (SHARED / "office_caltech").is_dir(), reason="needs office_caltech in DISTORT_SHARED_DATA"
)
DIGITS = pytest.mark.skipif(
    not (SHARED / "mnist_usps_32.npz").is_file(), reason="needs mnist_usps_32.npz in DISTORT_SHARED_DATA"
)


def _images(folder: Path, classes, count: int) -> None:
    for place, name in enumerate(classes):
        labels = np.full(count, name)
        write_class_folders(np.full((count, 8, 8, 3), 20 * place, np.uint8), labels, folder)


def _data(folder: Path, text: str):
    (folder / "data.toml").write_text(text)
    return read_data(folder / "data.toml")


OWN = '[datasets.own]\ntraining = { folder = "home" }\n[datasets.own.ood]\nother = { folder = "away" }\n'


def test_folders_become_a_data_set(tmp_path):
    _images(tmp_path / "home", ("9", "10", "2"), 10)
    _images(tmp_path / "away", ("2", "10"), 3)
    data = _data(tmp_path, OWN)
    dataset = read_dataset(family("own", data.families), data.locations, protocol=CLEAN)
    assert dataset.classes == ("2", "9", "10")
    assert not dataset.miniature
    assert {one.name: len(one) for one in dataset.sets} == {
        "id_training": 21,
        "id_validation": 3,
        "id_test": 6,
        "other": 6,
    }
    assert sorted(set(dataset.ood[0].labels)) == [0, 2]
    findings = verify(
        family("own", data.families), data.locations, images=True, progress=lambda message, fraction: None
    )
    assert {finding.status for finding in findings} == {"ok"}


def test_label_files_of_both_kinds(tmp_path):
    _images(tmp_path / "home", ("cat", "dog"), 10)
    _images(tmp_path / "flat", ("x",), 4)
    names = sorted(path.name for path in (tmp_path / "flat" / "x").iterdir())
    (tmp_path / "labels.txt").write_text(
        "".join(f"x/{name} {('cat', 'dog')[i % 2]}\r\n" for i, name in enumerate(names))
    )
    (tmp_path / "labels.csv").write_text("path,label\n" + "".join(f"x/{name},dog\n" for name in names))
    data = _data(
        tmp_path,
        '[datasets.own]\ntraining = { folder = "home" }\ntest = { folder = "flat", labels = "labels.txt" }\n'
        '[datasets.own.ood]\naway = { folder = "flat", labels = "labels.csv" }\n',
    )
    dataset = read_dataset(family("own", data.families), data.locations)
    assert dataset.id_test.labels.tolist() == [0, 1, 0, 1]
    assert dataset.ood[0].labels.tolist() == [1, 1, 1, 1]
    assert len(dataset.id_training) == 20
    (tmp_path / "labels.csv").write_text("path,label\nx/nowhere.png,dog\n")
    with pytest.raises(UserError, match=r"nowhere.png is named by .*labels.csv but missing"):
        read_dataset(family("own", data.families), data.locations)
    (tmp_path / "labels.csv").write_text("path,label\n../secret.png,dog\n")
    with pytest.raises(UserError, match="below the folder"):
        read_dataset(family("own", data.families), data.locations)


def test_mistakes_in_the_layout_are_named(tmp_path):
    _images(tmp_path / "home", ("cat", "dog"), 10)
    data = _data(tmp_path, OWN)
    one = family("own", data.families)
    with pytest.raises(UserError, match=r"away must be a folder of class folders"):
        read_dataset(one, data.locations)
    _images(tmp_path / "away", ("cat", "horse"), 2)
    with pytest.raises(UserError, match=r"must hold only the training classes .* got 'horse'"):
        read_dataset(one, data.locations)
    (tmp_path / "home" / "empty").mkdir()
    with pytest.raises(UserError, match=r"home/empty must hold images"):
        read_dataset(one, data.locations)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not toml", "must be a TOML file"),
        ('[datasets.own]\nfolder = "x"', "datasets.own.training: Field required"),
        ('[datasets.own]\ntraining = { folder = "x" }', "datasets.own.ood: Field required"),
        (OWN.replace("own", "cifar10"), "one of the ten"),
        ("rooot = 'x'", "rooot: Extra inputs"),
    ],
)
def test_mistakes_in_the_file_are_named(tmp_path, text, words):
    with pytest.raises(UserError, match=words):
        _data(tmp_path, text)


def test_an_unknown_data_set_is_refused():
    with pytest.raises(UserError, match="must be one of living17"):
        family("cifar100")


@OFFICE
def test_office_caltech(tmp_path):
    """ID amazon; OOD three other cameras and sources. Counts are those of its description."""
    root = SHARED / "office_caltech"
    text = f'[datasets.office]\ntraining = {{ folder = "{root}/amazon" }}\n[datasets.office.ood]\n'
    data = _data(
        tmp_path,
        text + "".join(f'{name} = {{ folder = "{root}/{name}" }}\n' for name in ("caltech10", "webcam", "dslr")),
    )
    one = family("office", data.families)
    dataset = read_dataset(one, data.locations, protocol=CLEAN)
    assert {ood.name: len(ood) for ood in dataset.ood} == {"caltech10": 1123, "webcam": 295, "dslr": 157}
    assert len(dataset.id_training) + len(dataset.id_validation) + len(dataset.id_test) == 958
    assert len(dataset.classes) == 10
    findings = verify(one, data.locations, images=True, progress=lambda message, fraction: None)
    assert {finding.status for finding in findings} == {"ok"}
    assert dataset.ood[2].images[0].shape == (128, 128, 3)


@DIGITS
def test_digits_through_the_documented_conversion(tmp_path):
    """As docs/datasets.md does it, on the first images of each: arrays to class folders, then as any other folders."""
    with np.load(SHARED / "mnist_usps_32.npz", allow_pickle=False) as arrays:
        for name in ("mnist", "usps"):
            write_class_folders(arrays[f"{name}_images"][:400], arrays[f"{name}_labels"][:400], tmp_path / name)
        first = arrays["mnist_images"][0], int(arrays["mnist_labels"][0])
    data = _data(tmp_path, OWN.replace("home", "mnist").replace("away", "usps"))
    dataset = read_dataset(family("own", data.families), data.locations)
    assert dataset.classes == tuple(map(str, range(10)))
    assert sum(map(len, (dataset.id_training, dataset.id_test))) == len(dataset.ood[0]) == 400
    with Image.open(tmp_path / "mnist" / str(first[1]) / "0000000.png") as image:
        np.testing.assert_array_equal(np.asarray(image), first[0])
