"""Verification says of every set whether it is whole, and never hides one behind another."""

import numpy as np
import pytest

from artifacts import UserError
from empirical.datasets.catalogue import FAMILIES, family
from empirical.datasets.configuration import read_data
from empirical.datasets.families import fmow
from empirical.datasets.families.cifar import CIFAR10
from empirical.datasets.families.domainnet import DOMAINNET
from empirical.datasets.locations import Locations, locations
from empirical.datasets.verification import verify


def _quietly(message: str, fraction: float) -> None:
    pass


def _verify(one, where, *, images=False):
    return verify(one, where, images=images, progress=_quietly)


@pytest.mark.parametrize("name", [one.name for one in FAMILIES])
def test_a_whole_miniature_has_no_fault(data, name):
    findings = _verify(family(name), data.locations)
    assert {finding.status for finding in findings} == {"ok"}
    assert {finding.set for finding in findings} == {part.name for part in family(name).parts}


def test_every_damaged_image_is_found(spoilt):
    root = spoilt("domainnet")
    paths = sorted((root / "domainnet" / "painting").glob("*/painting_*_0005*.jpg"))[:7]
    for path in paths:
        path.write_bytes(path.read_bytes()[:200])
    findings = [one for one in _verify(DOMAINNET, Locations(root=root), images=True) if one.status == "wrong"]
    assert {finding.set for finding in findings} == {"painting"}
    assert findings[-1].detail == "7 damaged images in all"
    assert str(paths[0]) in findings[0].detail
    assert findings[0].mend == "fetch it again."


def test_one_missing_set_does_not_hide_the_others(spoilt):
    root = spoilt("stl10_binary")
    (root / "stl10_binary" / "test_X.bin").unlink()
    findings = {finding.set: finding for finding in _verify(CIFAR10, Locations(root=root))}
    assert findings["stl10"].status == "wrong"
    assert "download stl10" in findings["stl10"].mend
    assert findings["id_training"].status == findings["cifar10_1"].status == "ok"


def test_published_checksums_are_compared(spoilt):
    root = spoilt("CIFAR-10.1")
    (root / "CIFAR-10.1" / "datasets" / "distort-miniature.json").unlink()
    findings = [finding for finding in _verify(CIFAR10, Locations(root=root)) if finding.set == "cifar10_1"]
    assert [(finding.check, finding.status) for finding in findings] == [
        ("count", "wrong"), ("checksum", "wrong"), ("checksum", "wrong"),
    ]  # fmt: skip


def test_no_root_a_wrong_root_and_an_empty_root(tmp_path, monkeypatch):
    monkeypatch.delenv("DISTORT_DATA", raising=False)
    for where, words in (
        (locations(), "no root is named"),
        (locations(tmp_path / "nowhere"), "must be a folder"),
        (locations(tmp_path), "no such folder"),
    ):
        findings = _verify(CIFAR10, where)
        assert {finding.status for finding in findings} == {"wrong"}
        assert all(words in finding.detail for finding in findings)
        assert all(finding.mend for finding in findings)


def test_the_root_comes_from_the_environment(monkeypatch, miniature):
    monkeypatch.setenv("DISTORT_DATA", str(miniature))
    assert locations().folder(fmow.SOURCE) == miniature / "fmow_v1.1"


def test_a_configuration_names_folders_elsewhere(tmp_path, miniature):
    file = tmp_path / "data.toml"
    file.write_text(f'[locations]\nfmow = "{miniature / "fmow_v1.1"}"\n')
    data = read_data(file)
    assert data.locations.folder(fmow.SOURCE) == miniature / "fmow_v1.1"
    file.write_text('[locations]\nfmov = "x"\n')
    with pytest.raises(UserError, match="got fmov"):
        read_data(file)


@pytest.mark.slow
def test_noise_in_the_binary_form_is_no_cifar10(tmp_path):
    """Of the right size, with the right labels: the pixels' own statistics tell."""
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    draw = np.random.default_rng(0)
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        records = draw.integers(0, 256, (10_000, 3073), dtype=np.uint8)
        records[:, 0] = np.arange(10_000) % 10
        records.tofile(folder / f"{name}.bin")
    data = read_data(root=tmp_path)
    found = verify(family("cifar10"), data.locations, images=False, progress=lambda message, fraction: None)
    wrong = {one.set for one in found if (one.check, one.status) == ("content", "wrong")}
    assert wrong == {"id_training", "id_test"}
