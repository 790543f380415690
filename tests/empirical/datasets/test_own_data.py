"""A user's own folders, label files and arrays, through a TOML file."""

import os
import runpy
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artifacts import UserError
from empirical.datasets.catalogue import family
from empirical.datasets.configuration import read_data
from empirical.datasets.folders import write_class_folders
from empirical.datasets.protocols import CLEAN
from empirical.datasets.reading import read_dataset
from empirical.datasets.verification import verify
from empirical.store import pack_family, packed_dataset

ROOT = Path(__file__).parents[3]
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


FORMS = {
    "semicolon.csv": "path;label\r\n{0};cat\r\n{1};dog\r\n",
    "capital.csv": "Path,Label\n{0},cat\n{1},dog\n",
    "more.csv": "id,Label,extra,PATH\n1,cat,x,{0}\n2,dog,y,{1}\n\n",
    "tab.csv": "path\tlabel\n{0}\tcat\n{1}\tdog\n",
    "tab.tsv": "path\tlabel\n{0}\tcat\n{1}\tdog\n",
    "quoted.csv": '\ufeff"path","label"\n"{0}","cat"\n"{1}","dog"\n',
    "tab.txt": "{0}\tcat\n{1}\tdog\n",
    "space.txt": "{0} cat\n{1} dog\n\n",
    "semicolon.txt": "{0};cat\n{1};dog\n",
}


@pytest.fixture
def flat(tmp_path):
    """A data set whose OOD images lie in one folder, and a label file of any form that names two of them."""
    _images(tmp_path / "home", ("cat", "dog"), 10)
    _images(tmp_path / "flat", ("a b",), 2)
    names = [f"a b/{path.name}" for path in sorted((tmp_path / "flat" / "a b").iterdir())]

    def read(file: str, text: str):
        (tmp_path / file).write_text(text, encoding="utf-8")
        ood = f'other = {{ folder = "flat", labels = "{file}" }}\n'
        data = _data(tmp_path, f'[datasets.own]\ntraining = {{ folder = "home" }}\n[datasets.own.ood]\n{ood}')
        return read_dataset(family("own", data.families), data.locations).ood[0]

    return names, read


@pytest.mark.parametrize("file", FORMS)
@pytest.mark.parametrize("backslash", [False, True])
def test_label_files_as_spreadsheets_write_them(file, backslash, flat):
    names, read = flat
    shown = [name.replace("/", "\\") for name in names] if backslash else names
    images = read(file, FORMS[file].format(*shown))
    assert images.labels.tolist() == [0, 1]
    assert [images.images.reference(place).endswith(name) for place, name in enumerate(names)] == [True, True]


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("a.csv", "file,class\n{0},cat\n", "must have the columns `path` and `label` in its first line, got"),
        ("a.csv", "path,label\n{0}\n", "line 2 must have 2 columns, got 1"),
        ("a.csv", "path,label\n{0},cat\n{0},cat\n", "must name every image once"),
        ("a.csv", "path,label\n..\\x.png,cat\n", "below the folder"),
        ("a.csv", "path,label\nC:\\x.png,cat\n", "below the folder"),
        ("a.csv", "path,label\n/etc/x.png,cat\n", "below the folder"),
        ("a.csv", "", "names none"),
        ("a.csv", 'path,label\n"{0},cat\n', "must be a table"),
    ],
)  # fmt: skip
def test_label_files_that_cannot_be_read_say_why(file, text, message, flat):
    names, read = flat
    with pytest.raises(UserError, match=message):
        read(file, text.format(names[0]))


def test_classes_that_are_numbered_otherwise_are_explained(tmp_path):
    _images(tmp_path / "home", ("0", "1", "2"), 4)
    _images(tmp_path / "away", ("1", "2", "3"), 1)
    data = _data(tmp_path, OWN)
    with pytest.raises(UserError, match="its numbers run from 1 to 3, those of the training images from 0 to 2"):
        read_dataset(family("own", data.families), data.locations)


def test_the_first_frame_is_taken_where_the_user_says_so(tmp_path):
    _images(tmp_path / "home", ("cat", "dog"), 4)
    _images(tmp_path / "away", ("cat",), 1)
    _save(tmp_path / "away" / "cat" / "film.gif", BAD["film.gif"][0])
    text = OWN.replace('folder = "away"', 'folder = "away", frames = "first"')
    data = _data(tmp_path, text)
    dataset = read_dataset(family("own", data.families), data.locations)
    np.testing.assert_array_equal(dataset.ood[0].images[1], BAD["film.gif"][0][0])
    pack_family(family("own", data.families), data.locations, tmp_path / "packed", progress=_quietly)


@pytest.mark.parametrize("name", ["../../x", "a/b", "", ".hidden", "a b", "x" * 61, "id_test"])
def test_names_that_lead_elsewhere_are_refused(name, tmp_path):
    if name != "id_test":
        with pytest.raises(UserError, match=r"must follow docs/datasets.md, but datasets"):
            _data(tmp_path, OWN.replace("datasets.own", f'datasets."{name}"'))
    with pytest.raises(UserError, match=r"must follow docs/datasets.md, but datasets|is the ID set"):
        _data(tmp_path, OWN.replace("other =", f'"{name}" ='))


def _quietly(message: str, fraction: float) -> None:
    pass


def test_the_documented_file_is_read_as_it_stands(tmp_path):
    """The TOML of docs/datasets.md, on folders of the names that it mentions."""
    blocks = (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8").split("\n\n")
    (text,) = (textwrap.dedent(block) for block in blocks if block.startswith("    [datasets."))
    content = tomllib.loads(text)["datasets"]["office"]
    for tree in (content["training"], *content["ood"].values()):
        folder = tmp_path / tree["folder"]
        _images(folder, ("mug", "pen"), 10)
        if "labels" in tree:
            names = [f"{path.parent.name}/{path.name}" for path in sorted(folder.rglob("*.png"))]
            labels = "".join(f"{name},{name.split('/')[0]}\n" for name in names)
            (tmp_path / tree["labels"]).write_text(f"path,label\n{labels}")
    data = _data(tmp_path, text)
    one = family("office", data.families)
    dataset = read_dataset(one, data.locations)
    assert [ood.name for ood in dataset.ood] == list(content["ood"])
    assert [len(ood) for ood in dataset.ood] == [20] * len(dataset.ood)
    assert {finding.status for finding in verify(one, data.locations, images=True, progress=_quietly)} == {"ok"}


BAD = {
    "text.jpg": (b"<html>404</html>", "something else"),
    "empty.jpg": (b"", "0 bytes"),
    "deep.png": (np.full((8, 8), 60000, np.uint16), "8 bits a channel"),
    "film.gif": ([np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)], "an animation"),
}
GOOD = {"grey.png": "L", "cmyk.jpg": "CMYK", "palette.gif": "P", "alpha.webp": "RGBA"}


def _save(path: Path, content) -> None:
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, list):
        first, *rest = map(Image.fromarray, content)
        first.save(path, save_all=True, append_images=rest)
    else:
        Image.fromarray(content).save(path)


def test_bad_images_among_good_ones_are_all_named_and_none_is_packed(tmp_path):
    """Whatever pictures people have: odd ones are converted, bad ones are found by `verify` and stop `pack`."""
    _images(tmp_path / "home", ("cat", "dog"), 10)
    _images(tmp_path / "away", ("cat",), 1)
    for name, mode in GOOD.items():
        Image.fromarray(np.full((8, 8, 3), 90, np.uint8)).convert(mode).save(tmp_path / "away" / "cat" / name)
    data = _data(tmp_path, OWN)
    one = family("own", data.families)
    assert len(read_dataset(one, data.locations).ood[0]) == 1 + len(GOOD)
    pack_family(one, data.locations, tmp_path / "packed", progress=_quietly)
    for name, (content, _) in BAD.items():
        _save(tmp_path / "away" / "cat" / name, content)
    findings = verify(one, data.locations, images=True, progress=_quietly)
    wrong = [finding for finding in findings if finding.status == "wrong"]
    assert {finding.set for finding in wrong} == {"other"}
    assert len(wrong) == len(BAD)
    for name, (_, words) in BAD.items():
        assert any(name in finding.detail and words in finding.detail and finding.mend for finding in wrong)
    with pytest.raises(UserError, match=r"away/cat/\w+\.\w+ must"):
        pack_family(one, data.locations, tmp_path / "packed", progress=_quietly)
    with pytest.raises(UserError, match="must hold own packed completely"):
        packed_dataset(tmp_path / "packed", "own")


def test_pictures_of_a_kind_that_is_not_read_are_not_left_out_silently(tmp_path):
    _images(tmp_path / "home", ("cat", "dog"), 3)
    (tmp_path / "home" / "dog" / "phone.HEIC").write_bytes(b"x")
    _images(tmp_path / "away", ("cat",), 1)
    data = _data(tmp_path, OWN)
    with pytest.raises(UserError, match=r"dog/phone.HEIC is of a kind that is not read; convert it"):
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
        ('[datasets.own]\nfolder = "x"', "datasets.own.folder: there is no such key; there are title, training"),
        ('[datasets.own]\ntitle = "x"', "datasets.own.training: Field required"),
        ('[datasets.own]\ntraining = { folder = "x" }', "datasets.own.ood: Field required"),
        (OWN.replace("own", "cifar10"), "one of the catalogue"),
        ("rooot = 'x'", "rooot: there is no such key; the nearest is root"),
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


def test_the_example_converts_arrays_in_both_directions(tmp_path):
    """examples/mnist_usps.py as a user runs it, on arrays of its form."""
    generator = np.random.default_rng(0)
    arrays = {}
    for name in ("mnist", "usps"):
        arrays[f"{name}_images"] = generator.integers(0, 256, (60, 32, 32), dtype=np.uint8)
        arrays[f"{name}_labels"] = np.arange(60) % 10
    np.savez(tmp_path / "digits.npz", **arrays)
    script = ROOT / "examples" / "mnist_usps.py"
    subprocess.run([sys.executable, script, tmp_path / "digits.npz", tmp_path / "out"], check=True, cwd=ROOT,
                   env=os.environ | {"PYTHONPATH": str(ROOT)})  # fmt: skip
    data = read_data(tmp_path / "out" / "data.toml")
    for name, ood in (("mnist_to_usps", "usps"), ("usps_to_mnist", "mnist")):
        dataset = read_dataset(family(name, data.families), data.locations)
        assert dataset.classes == tuple(map(str, range(10)))
        assert [one.name for one in dataset.ood] == [ood]
        assert sum(map(len, (dataset.id_training, dataset.id_test))) == len(dataset.ood[0]) == 60


@DIGITS
def test_mnist_and_usps(tmp_path):
    """The first images of the real ones: pixels, labels and both directions survive the conversion."""
    convert = runpy.run_path(str(ROOT / "examples" / "mnist_usps.py"))["convert"]
    archive = SHARED / "mnist_usps_32.npz"
    convert(archive, tmp_path / "digits", 400)
    data = read_data(tmp_path / "digits" / "data.toml")
    with np.load(archive, allow_pickle=False) as arrays:
        for name, ood in (("mnist_to_usps", "usps"), ("usps_to_mnist", "mnist")):
            dataset = read_dataset(family(name, data.families), data.locations)
            np.testing.assert_array_equal(
                np.bincount(dataset.ood[0].labels), np.bincount(arrays[f"{ood}_labels"][:400])
            )
            number = int(Path(dataset.ood[0].images.reference(5)).stem)
            assert dataset.ood[0].labels[5] == arrays[f"{ood}_labels"][number]
            np.testing.assert_array_equal(dataset.ood[0].images[5][..., 1], arrays[f"{ood}_images"][number])
