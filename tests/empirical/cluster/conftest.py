"""Folders for the suite that trains nothing, and what a suite left alone comes to."""

import pytest

from empirical import Workspace, run_suite
from empirical.benchmark.suite import open_suite
from empirical.executors import InProcess
from tests.support.cluster_work import SUITE


@pytest.fixture
def workspace(tmp_path):
    found = Workspace(folder=tmp_path / "benchmark")
    open_suite(found.folder, SUITE)
    return found


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    from benchmarks.no_op_runs import no_op

    return run_suite(
        SUITE, Workspace(folder=tmp_path_factory.mktemp("alone") / "b"), executor=InProcess(no_op)
    ).benchmark
