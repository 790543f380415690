"""One run of the small suite, shared by the tests that only read it."""

import shutil

import pytest

from empirical import run_suite
from tests.support.small_suite import SUITE, workspace


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """Workspace of a finished suite and what its first call did; not to be changed."""
    found = workspace(tmp_path_factory.mktemp("suite"))
    return found, run_suite(SUITE, found)


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the finished suite, to be spoilt."""
    shutil.copytree(finished[0].folder, tmp_path / "benchmark")
    return workspace(tmp_path)
