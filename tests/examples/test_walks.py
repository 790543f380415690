"""The scripts that walk the three paths: own images and network, own claim, own figure."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def walked(name: str, *arguments: str) -> str:
    """What a script printed; it runs from a folder of its own, as a user's would."""
    finished = subprocess.run(
        [sys.executable, str(ROOT / "examples" / name), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr[-3000:]
    return finished.stdout


@pytest.mark.slow
def test_own_images(tmp_path):
    printed = walked("own_images.py", str(tmp_path / "digits"))
    assert "10 classes" in printed
    assert all(method in printed for method in ("LP", "FT", "LP-FT"))
    assert "2 seeds" in printed
    assert (tmp_path / "digits" / "results" / "benchmark" / "benchmark.json").is_file()


def test_own_claim():
    printed = walked("own_claim.py")
    assert "lp_ft_between: conjectured, no violation found (0 of 100 problems violate it)" in printed
    assert "ft_improves_ood, attacked: violated" in printed


def test_own_figure(tmp_path):
    walked("own_figure.py", str(tmp_path / "pictures"))
    assert {path.suffix for path in (tmp_path / "pictures").iterdir()} == {".svg", ".png"}
