"""ImageNet's three archives in small: checked, unpacked, sorted, whichever of the two tables names the classes."""

import hashlib
import io
import tarfile

import numpy as np
import pytest
from scipy.io import savemat

from artifacts import UserError
from empirical.datasets.imagenet_archives import KIT, SOLUTION, TRAINING, VALIDATION, install

WNIDS = ("n01440764", "n01443537", "n01484850")
#: The kit numbers the classes in an order of its own, and has more than those that are told apart.
NUMBERS = {3: "n01440764", 1: "n01443537", 2: "n01484850", 4: "n00000001"}
TRUTH = (2, 3, 1, 3)


def tar(path, entries, mode="w"):
    with tarfile.open(path, mode) as archive:
        for name, content in entries:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def quietly(message, fraction):
    pass


@pytest.fixture
def archives(tmp_path):
    folder = tmp_path / "archives"
    folder.mkdir()
    inner = []
    for wnid in WNIDS:
        images = [(f"{wnid}_{number}.JPEG", wnid.encode()) for number in range(2)]
        inner.append((f"{wnid}.tar", tar(tmp_path / "inner.tar", images).read_bytes()))
    tar(folder / TRAINING, inner)
    tar(folder / VALIDATION, [(f"ILSVRC2012_val_{n:08d}.JPEG", b"%d" % n) for n in range(1, len(TRUTH) + 1)])
    kind = [("ILSVRC2012_ID", "f8"), ("WNID", "O")]
    savemat(tmp_path / "meta.mat", {"synsets": np.array(list(NUMBERS.items()), dtype=kind)})
    truth = "".join(f"{number}\n" for number in TRUTH).encode()
    entries = [("meta.mat", (tmp_path / "meta.mat").read_bytes()), ("ILSVRC2012_validation_ground_truth.txt", truth)]
    name = KIT.removesuffix(".tar.gz")
    tar(folder / KIT, [(f"{name}/data/{file}", content) for file, content in entries], "w:gz")
    return folder


def installed(archives, target, **changes):
    files = {name: archives / name for name in (TRAINING, VALIDATION, KIT)}
    sums = {name: hashlib.md5(one.read_bytes()).hexdigest() if one.exists() else "" for name, one in files.items()}
    return install(archives, target, checksums={**sums, **changes}, classes=3, images=len(TRUTH), progress=quietly)


def content(folder):
    return {str(one.relative_to(folder)): one.read_bytes() for one in sorted(folder.rglob("*.JPEG"))}


def test_archives_become_class_folders(archives, tmp_path):
    received = installed(archives, tmp_path / "imagenet")
    assert [one.checked for one in received] == [True, True]
    found = content(tmp_path / "imagenet")
    for place, number in enumerate(TRUTH, 1):
        assert found.pop(f"val/{NUMBERS[number]}/ILSVRC2012_val_{place:08d}.JPEG") == b"%d" % place
    assert found == {f"train/{wnid}/{wnid}_{number}.JPEG": wnid.encode() for wnid in WNIDS for number in range(2)}
    assert sorted(one.name for one in (tmp_path / "imagenet").iterdir()) == ["train", "val"]
    # Again: nothing is left to do, and the archives are not needed any more.
    (archives / TRAINING).unlink()
    assert all(one.state.startswith("there") for one in installed(archives, tmp_path / "imagenet"))


def test_the_table_of_kaggle_does_as_well(archives, tmp_path):
    installed(archives, tmp_path / "kit")
    (archives / KIT).unlink()
    with pytest.raises(UserError, match=rf"must hold {KIT} or {SOLUTION}"):
        installed(archives, tmp_path / "none")
    rows = "".join(f"ILSVRC2012_val_{n:08d},{NUMBERS[number]} 1 2 3 4 \n" for n, number in enumerate(TRUTH, 1))
    (archives / SOLUTION).write_text(f"ImageId,PredictionString\n{rows}")
    installed(archives, tmp_path / "table")
    assert content(tmp_path / "table") == content(tmp_path / "kit")


@pytest.mark.parametrize("name", [TRAINING, VALIDATION, KIT])
def test_no_archive_is_opened_whose_checksum_differs(archives, name, tmp_path):
    with pytest.raises(UserError, match=rf"{name} must have the published md5 0000"):
        installed(archives, tmp_path / "imagenet", **{name: "0000"})
    assert not list((tmp_path / "imagenet").rglob("*_val_*"))
    installed(archives, tmp_path / "imagenet")


def test_an_archive_of_another_content_is_refused(archives, tmp_path):
    tar(archives / TRAINING, [("n01440764.tar", b""), ("readme.txt", b"")])
    with pytest.raises(UserError, match=r"must hold 3 archives named by wnid, got 2, readme.txt among them"):
        installed(archives, tmp_path / "imagenet")
    (archives / TRAINING).unlink()
    with pytest.raises(UserError, match=rf"{TRAINING} must be there, but No such file"):
        installed(archives, tmp_path / "imagenet")
