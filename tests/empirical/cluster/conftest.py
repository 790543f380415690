"""Folders for the suite that trains nothing, and what a suite left alone comes to."""

import pytest
from works import SUITE

from empirical.suite import Places, run_suite
from empirical.suite.executors import InProcess
from empirical.suite.suite import open_suite


@pytest.fixture
def places(tmp_path):
    found = Places(folder=tmp_path / "benchmark")
    open_suite(found.folder, SUITE)
    return found


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    from benchmarks.no_op_runs import no_op

    return run_suite(SUITE, Places(folder=tmp_path_factory.mktemp("alone") / "b"), executor=InProcess(no_op)).benchmark
