"""All miniatures, drawn once for every test of this folder."""

from pathlib import Path

import pytest

from empirical.miniature import write_miniature


@pytest.fixture(scope="session")
def miniature(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("miniatures") / "data"
    write_miniature(root, seed=0)
    return root
