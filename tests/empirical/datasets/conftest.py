"""Readers on the miniatures, whole and spoilt."""

import resource
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

from empirical.datasets.configuration import Data, read_data


@pytest.fixture
def data(miniature) -> Data:
    return read_data(root=miniature)


@pytest.fixture
def spoilt(miniature, tmp_path):
    """A root where one folder is a copy that a test may damage, and everything else is that of the miniature."""

    def copy(name: str) -> Path:
        for entry in miniature.iterdir():
            if entry.name == name:
                shutil.copytree(entry, tmp_path / name)
            else:
                (tmp_path / entry.name).symlink_to(entry)
        return tmp_path

    return copy


@pytest.fixture
def full_disk():
    """A disk that fills up in the middle of a file: within it, the system refuses files of more than so many bytes."""

    @contextmanager
    def limited(size: int):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited
