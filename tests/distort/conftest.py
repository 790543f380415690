"""One tiny run of the main job, shared by the tests that only read it."""

import shutil
from pathlib import Path

import pytest

from tests.support.tiny_job import run


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder that one call has filled; not to be changed."""
    folder = tmp_path_factory.mktemp("finished") / "results"
    run(folder)
    return folder


@pytest.fixture
def results(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished folder, to be spoilt."""
    return shutil.copytree(finished, tmp_path / "results")
