"""Each trap of the official layouts, one test each."""

import csv
import pickle
import shutil

import numpy as np
import pytest

from artifacts import UserError
from empirical.datasets.families.breeds import LIVING17, breeds
from empirical.datasets.families.cifar import CIFAR10
from empirical.datasets.families.domainnet import DOMAINNET
from empirical.datasets.families.domainnet import SOURCE as DOMAINNET_SOURCE
from empirical.datasets.families.fmow import FMOW
from empirical.datasets.families.imagenet import IMAGENET, IMAGENET_SOURCE
from empirical.datasets.layouts import fmow, stl
from empirical.datasets.layouts.imagenet import wnids
from empirical.datasets.locations import Locations
from empirical.datasets.reading import read_dataset, read_part
from empirical.formats.pickled_arrays import read_arrays


def _part(family, name):
    return next(part for part in family.parts if part.name == name)


def test_a_stray_folder_does_not_shift_imagenet_labels(spoilt):
    root = spoilt("imagenetv2-matched-frequency-format-val")
    before = read_part(LIVING17, LIVING17.training, Locations(root=root))
    imagenet = root / "imagenet"
    target = imagenet.resolve()
    imagenet.unlink()
    imagenet.mkdir()
    for name in ("val", "distort-miniature.json"):
        (imagenet / name).symlink_to(target / name)
    (imagenet / "train").mkdir()
    for entry in (target / "train").iterdir():
        (imagenet / "train" / entry.name).symlink_to(entry)
    for stray in ("a_stray", "n0144", "zzz", ".hidden"):
        (imagenet / "train" / stray).mkdir()
    after = read_part(LIVING17, LIVING17.training, Locations(root=root))
    np.testing.assert_array_equal(after.labels, before.labels)
    assert after.images.paths == before.images.paths
    (imagenet / "train" / "n19999999").mkdir()
    with pytest.raises(UserError, match=r"exactly 1000 folders named by wnid .* got 1001"):
        wnids(imagenet)


def test_breeds_images_are_those_of_their_subclasses(data):
    root = data.locations.folder(IMAGENET_SOURCE)
    names = wnids(root)
    for part, side in ((LIVING17.training, "source"), (LIVING17.ood[0], "target")):
        images = read_part(LIVING17, part, data.locations)
        labels = breeds("living17").labels(side)
        expected = {names[index]: label for index, label in labels.items()}
        assert {
            (path.split("/")[0], label) for path, label in zip(images.images.paths, images.labels, strict=True)
        } == set(expected.items())


def _folder(place, images: int):
    place.mkdir(parents=True)
    for number in range(images):
        (place / f"{number:03d}.JPEG").touch()
    return place


def _official(root, split) -> None:
    """ImageNet's folders without a miniature's marker: those of one split's source classes lead to one folder of images
    for training and one for validation, the others to an empty one. Nothing is decoded."""
    filled = {name: _folder(root / name, images) for name, images in (("train", 100), ("val", 50), ("none", 0))}
    sources = breeds(split).labels("source")
    for folder in ("train", "val"):
        (root / "imagenet" / folder).mkdir(parents=True)
        for index in range(1000):
            (root / "imagenet" / folder / f"n{index:08d}").symlink_to(filled[folder if index in sources else "none"])


def test_breeds_has_every_subclass_whole(tmp_path):
    """The published loader's conditions: at least 100 training and exactly 50 validation images of each subclass."""
    _official(tmp_path, "living17")
    where = Locations(root=tmp_path)
    assert len(read_part(LIVING17, LIVING17.reported, where)) == 34 * 50
    assert len(read_part(LIVING17, LIVING17.training, where)) == 34 * 100
    for part, folder, few, wanted in (
        (LIVING17.reported, "val", 49, "50"),
        (LIVING17.training, "train", 99, "100 to 1300"),
    ):
        place = tmp_path / "imagenet" / folder / "n00000029"
        place.unlink()
        _folder(place, few)
        with pytest.raises(UserError, match=rf"{folder}/n00000029 must hold {wanted} images, got {few}; unpack"):
            read_part(LIVING17, part, where)


def test_version_4_of_cifar10_1_is_left_alone(spoilt):
    root = spoilt("CIFAR-10.1")
    part = _part(CIFAR10, "cifar10_1")
    before = read_part(CIFAR10, part, Locations(root=root))
    for what in ("data", "labels"):
        (root / "CIFAR-10.1" / "datasets" / f"cifar10.1_v4_{what}.npy").write_bytes(b"another version")
    assert read_part(CIFAR10, part, Locations(root=root)).fingerprint == before.fingerprint


def test_flat_validation_images_are_named_and_the_mend_is_given(tmp_path, miniature):
    (tmp_path / "imagenet" / "val").mkdir(parents=True)
    (tmp_path / "imagenet" / "train").symlink_to(miniature / "imagenet" / "train")
    (tmp_path / "imagenet" / "val" / "ILSVRC2012_val_00000001.JPEG").write_bytes(b"x")
    with pytest.raises(UserError, match=r"got the flat images; remove them, and .* unpacks and sorts"):
        read_part(IMAGENET, IMAGENET.reported, Locations(root=tmp_path))


def test_v2_labels_are_the_numbers_and_not_the_sorted_positions(data):
    images = read_part(IMAGENET, _part(IMAGENET, "imagenet_v2"), data.locations)
    for path, label in zip(images.images.paths, images.labels, strict=True):
        assert int(path.split("/")[0]) == label


def test_v2_may_have_wnid_folders(spoilt):
    root = spoilt("imagenetv2-matched-frequency-format-val")
    numeric = read_part(IMAGENET, _part(IMAGENET, "imagenet_v2"), Locations(root=root))
    first = numeric.images[0]
    folder = root / "imagenetv2-matched-frequency-format-val"
    for number, wnid in enumerate(wnids(root / "imagenet")):
        (folder / str(number)).rename(folder / wnid)
    named = read_part(IMAGENET, _part(IMAGENET, "imagenet_v2"), Locations(root=root))
    np.testing.assert_array_equal(np.sort(named.labels), np.sort(numeric.labels))
    np.testing.assert_array_equal(named.images[0], first)


@pytest.mark.parametrize("name", ["imagenet-r", "imagenet-a"])
def test_a_class_too_few_or_too_many_is_refused(spoilt, name):
    root = spoilt(name)
    part = _part(IMAGENET, name.replace("-", "_"))
    read_part(IMAGENET, part, Locations(root=root))
    first = sorted(path for path in (root / name).iterdir() if path.is_dir())[0]
    first.rename(root / name / "n00000000")
    with pytest.raises(UserError, match=rf"{name} must hold 200 class folders, got 200 \({first.name} is missing\)"):
        read_part(IMAGENET, part, Locations(root=root))
    shutil.copytree(root / name / "n00000000", root / name / first.name)
    with pytest.raises(UserError, match="n00000000 is too many"):
        read_part(IMAGENET, part, Locations(root=root))


def test_an_image_too_few_is_no_smaller_set(spoilt):
    root = spoilt("imagenet-a")
    next((root / "imagenet-a").glob("*/*.JPEG")).unlink()
    with pytest.raises(UserError, match="imagenet_a must hold 400 images, got 399"):
        read_part(IMAGENET, _part(IMAGENET, "imagenet_a"), Locations(root=root))


def test_domainnet_lists_end_their_lines_with_carriage_returns(data):
    folder = data.locations.folder(DOMAINNET_SOURCE)
    assert (folder / "SENTRY_splits" / "sketch_train_mini.txt").read_bytes().count(b"\r\n") > 0
    images = read_part(DOMAINNET, DOMAINNET.training, data.locations)
    assert len(set(images.labels)) == 40
    assert not any(path.endswith("\r") for path in images.images.paths)


def test_domainnet_names_the_missing_image_and_the_wrong_line(spoilt):
    root = spoilt("domainnet")
    images = read_part(DOMAINNET, _part(DOMAINNET, "real"), Locations(root=root))
    images.images.path(5).unlink()
    with pytest.raises(UserError, match=f"{images.images.paths[5]} is named by real_test_mini.txt but missing"):
        read_part(DOMAINNET, _part(DOMAINNET, "real"), Locations(root=root))
    file = root / "domainnet" / "SENTRY_splits" / "clipart_test_mini.txt"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([lines[0], lines[1].rpartition(" ")[0] + " 17", *lines[2:]]))
    with pytest.raises(UserError, match="line 2 must be `clipart/class/image label`"):
        read_part(DOMAINNET, _part(DOMAINNET, "clipart"), Locations(root=root))


def test_domainnets_lists_may_not_lie(spoilt):
    """Another domain's image, one image twice, or one outside the folder, under a label that fits."""
    root = spoilt("domainnet")
    file = root / "domainnet" / "SENTRY_splits" / "clipart_test_mini.txt"
    lines = file.read_text().splitlines()
    for second, message in (
        (lines[1].replace("clipart/", "real/", 1), "line 2 must be `clipart/class/image label`"),
        (lines[0], "must name every image once"),
        (f"clipart/{lines[1].split('/')[1]}/.. {lines[1].rpartition(' ')[2]}", "line 2 must be"),
    ):
        file.write_text("\n".join([lines[0], second, *lines[2:]]))
        with pytest.raises(UserError, match=message):
            read_part(DOMAINNET, _part(DOMAINNET, "clipart"), Locations(root=root))


def test_stl_is_column_major_and_loses_its_monkeys(tmp_path):
    folder = tmp_path / "stl10_binary"
    folder.mkdir()
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (10, 96, 96, 3), dtype=np.uint8)
    with (folder / "test_X.bin").open("wb") as stream:
        for picture in pictures:
            for channel in range(3):
                stream.write(picture[:, :, channel].tobytes(order="F"))
    np.arange(1, 11, dtype=np.uint8).tofile(folder / "test_y.bin")
    found = stl.index(Locations(root=tmp_path))
    assert found.labels.tolist() == [0, 2, 1, 3, 4, 5, 7, 8, 9]
    without_monkey = [place for place in range(10) if stl.CLASSES[place] != "monkey"]
    for index, place in enumerate(without_monkey):
        np.testing.assert_array_equal(found.images[index], pictures[place])
    (folder / "test_X.bin").write_bytes(b"\0" * 100)
    with pytest.raises(UserError, match="must hold 10 images of 27648 bytes, got 100 bytes"):
        stl.index(Locations(root=tmp_path))


def _python_version(root, miniature) -> None:
    """The miniature's binary batches as the python version has them: pickled by protocol 2, keys in bytes."""
    folder = root / "cifar-10-batches-py"
    folder.mkdir()
    for path in sorted((miniature / "cifar-10-batches-bin").glob("*.bin")):
        records = np.fromfile(path, np.uint8).reshape(-1, 3073)
        content = {b"data": records[:, 1:], b"labels": [int(one) for one in records[:, 0]], b"batch_label": b"batch"}
        (folder / path.stem).write_bytes(pickle.dumps(content, protocol=2))
    for name in ("stl10_binary", "CIFAR-10.1"):
        (root / name).symlink_to(miniature / name)
    shutil.copy(miniature / "cifar-10-batches-bin" / "distort-miniature.json", folder)


def test_both_cifar_versions_hold_the_same(tmp_path, miniature, data):
    _python_version(tmp_path, miniature)
    binary = read_dataset(CIFAR10, data.locations)
    python = read_dataset(CIFAR10, Locations(root=tmp_path))
    for one, other in zip(binary.sets, python.sets, strict=True):
        assert one.fingerprint == other.fingerprint


class _Attack:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_malicious_pickle_is_refused_and_not_run(tmp_path, miniature):
    _python_version(tmp_path, miniature)
    witness = tmp_path / "witness"
    (tmp_path / "cifar-10-batches-py" / "data_batch_3").write_bytes(pickle.dumps({b"data": _Attack(witness)}))
    with pytest.raises(
        UserError, match=r"data_batch_3 must hold arrays and plain values only, but holds the name .*open"
    ):
        read_dataset(CIFAR10, Locations(root=tmp_path))
    assert not witness.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pickle at all",
        pickle.dumps([1, 2]),
        pickle.dumps({b"a": np.array([object()])}),
        b"cos\nsystem\n(S'true'\ntR.",
    ],
)
def test_other_pickles_are_refused(tmp_path, content):
    (tmp_path / "batch").write_bytes(content)
    with pytest.raises(UserError, match="batch must"):
        read_arrays(tmp_path / "batch")


def test_arrays_of_both_orders_come_through(tmp_path):
    arrays = {
        "c": np.arange(6, dtype=np.int64).reshape(2, 3),
        "f": np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3)),
    }
    (tmp_path / "arrays").write_bytes(pickle.dumps(arrays, protocol=2))
    found = read_arrays(tmp_path / "arrays")
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)


def test_a_truncated_cifar_batch_is_named(spoilt):
    root = spoilt("cifar-10-batches-bin")
    path = root / "cifar-10-batches-bin" / "data_batch_2.bin"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"data_batch_2.bin must hold whole records of 3073 bytes"):
        read_dataset(CIFAR10, Locations(root=root))


def test_fmow_sets_come_from_dates_and_regions(data, miniature):
    with (miniature / "fmow_v1.1" / "rgb_metadata.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    wanted = {
        "id_training": ("train", "USA"),
        "id_test": ("val", "USA"),
        "africa": ("val", "KEN"),
        "europe": ("val", "FRA"),
    }
    for part in FMOW.parts:
        split, country = wanted[part.name]
        expected = [
            number
            for number, row in enumerate(rows)
            if row["split"] == split and row["country_code"] == country and row["timestamp"] < "2013"
        ]
        images = read_part(FMOW, part, data.locations)
        assert images.images.paths == tuple(f"rgb_img_{number}.png" for number in expected)
        assert [fmow.CLASSES[label] for label in images.labels] == [rows[number]["category"] for number in expected]


def test_fmow_images_are_numbered_over_sequestered_rows_too(data):
    table = fmow.metadata(data.locations.folder(fmow.SOURCE))
    assert "seq" in set(table.split)
    assert fmow.REGIONS.index("Other") in set(table.region)
    last = max(int(path[8:-4]) for path in read_part(FMOW, FMOW.training, data.locations).images.paths)
    assert last > np.count_nonzero(table.split != "seq")


def test_a_country_without_a_region_belongs_to_none(tmp_path, data):
    """Antarctica's entry in the table of countries is empty; a country may also be missing from it."""
    for name in ("rgb_metadata.csv", "distort-miniature.json"):
        shutil.copy(data.locations.folder(fmow.SOURCE) / name, tmp_path)
    (tmp_path / "country_code_mapping.csv").write_text("alpha-3,region\nUSA,Americas\nKEN,\n")
    found = fmow.metadata(tmp_path)
    assert set(found.region) == {fmow.REGIONS.index(name) for name in ("Americas", "Other")}


def test_a_real_fmow_table_must_have_the_published_rows(spoilt):
    root = spoilt("fmow_v1.1")
    (root / "fmow_v1.1" / "distort-miniature.json").unlink()
    with pytest.raises(UserError, match=r"must hold 523846 rows, got 1[0-9]{3}"):
        read_part(FMOW, FMOW.training, Locations(root=root))
