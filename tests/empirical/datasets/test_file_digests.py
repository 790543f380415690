"""Pictures that change are noticed, whatever their names and sizes say, and files are read once."""

import os

import numpy as np
import pytest

from artifacts import UserError
from empirical.datasets import file_digests
from empirical.datasets.file_digests import digests, keep_in
from empirical.datasets.image_sets import ImageFiles, ImageSet

NAMES = ("a/one.png", "a/two.png", "b/three.png")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(file_digests, "_kept_in", [])
    for number, name in enumerate(NAMES):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes([number] * 100))
    keep_in(tmp_path / "digests")
    return tmp_path / "images"


def fingerprint(folder) -> str:
    return ImageSet(name="set", images=ImageFiles(folder, NAMES), labels=np.zeros(3, np.int32)).fingerprint


@pytest.fixture
def reads(monkeypatch):
    """Names of the files that are read."""
    names: list[str] = []
    original = file_digests._digest
    monkeypatch.setattr(file_digests, "_digest", lambda folder, path: (names.append(path), original(folder, path))[1])
    return names


def test_a_picture_that_changes_but_not_in_size_changes_the_set(folder):
    before = fingerprint(folder)
    (folder / NAMES[1]).write_bytes(bytes([9] * 100))
    assert fingerprint(folder) != before


def test_a_picture_that_changes_behind_its_old_date_changes_the_set(folder):
    before, status = fingerprint(folder), (folder / NAMES[1]).stat()
    (folder / NAMES[1]).write_bytes(bytes([9] * 100))
    os.utime(folder / NAMES[1], ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (folder / NAMES[1]).stat().st_mtime_ns == status.st_mtime_ns
    assert fingerprint(folder) != before


def test_files_are_read_once_and_again_where_they_changed(folder, reads):
    first = digests(folder, NAMES)
    assert sorted(reads) == sorted(NAMES)
    assert digests(folder, NAMES) == first
    assert digests(folder, NAMES[1:]) == first[file_digests.LENGTH :]
    assert len(reads) == len(NAMES)
    (folder / NAMES[0]).write_bytes(bytes([8] * 100))
    os.utime(folder / NAMES[0], ns=(1, 1))
    assert digests(folder, NAMES)[file_digests.LENGTH :] == first[file_digests.LENGTH :]
    assert reads[len(NAMES) :] == [NAMES[0]]


def test_a_copy_of_the_folder_has_the_same_contents(folder):
    before = fingerprint(folder)
    moved = folder.rename(folder.with_name("elsewhere"))
    assert fingerprint(moved) == before


def test_a_damaged_cache_costs_time_alone(folder, reads):
    first = digests(folder, NAMES)
    (cache,) = (folder.parent / "digests").iterdir()
    cache.write_bytes(cache.read_bytes()[:100])
    assert digests(folder, NAMES) == first
    assert len(reads) == 2 * len(NAMES)


def test_a_cache_of_an_older_version_costs_time_alone(folder, reads):
    first = digests(folder, NAMES)
    (cache,) = (folder.parent / "digests").iterdir()
    with np.load(cache) as kept:
        arrays = dict(kept)
    np.savez(cache, **arrays | {"states": arrays["states"][:, :3]})
    assert digests(folder, NAMES) == first
    assert digests(folder, NAMES[:1]) == first[: file_digests.LENGTH]
    assert len(reads) == 2 * len(NAMES)


def test_a_missing_file_is_named(folder):
    (folder / NAMES[2]).unlink()
    with pytest.raises(UserError, match=r"three\.png must be there"):
        digests(folder, NAMES)
