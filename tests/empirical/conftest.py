"""All miniatures, drawn once for every test of this folder."""

from pathlib import Path

import pytest
from filelock import FileLock

from empirical.miniature import write_miniature


@pytest.fixture(scope="session")
def miniature(tmp_path_factory, worker_id) -> Path:
    """A root that is only read. Processes that share the tests share it too: to draw it takes eight seconds."""
    own = tmp_path_factory.getbasetemp()
    root = (own if worker_id == "master" else own.parent) / "miniatures" / "data"
    root.parent.mkdir(exist_ok=True)
    with FileLock(root.with_suffix(".lock")):
        if not root.exists():
            write_miniature(root, seed=0)
    return root
