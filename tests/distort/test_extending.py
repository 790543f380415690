"""The recipes of docs/extending.md, followed to the letter on a copy of the project: no other file is touched."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
#: What a clone has of what the recipes need.
PARTS = ("artifacts", "distort", "empirical", "figures", "simulations", "tests", "theory", "docs")


def files() -> dict[str, str]:
    """Every file that a recipe shows whole, by its path."""
    shown = re.findall(r"^\d\. `([\w/]+\.py)`(.*?)(?=^\d\. |^## |\Z)", DOCUMENT, flags=re.MULTILINE | re.DOTALL)
    codes = {path: re.search(r"^   ```python\n(.*?)^   ```$", text, flags=re.M | re.S) for path, text in shown}
    return {path: textwrap.dedent(code[1]) for path, code in codes.items() if code}


def test_every_recipe_shows_its_files():
    assert {
        "simulations/experiments/shorter_heads.py",
        "figures/theory/shorter_heads.py",
        "tests/simulations/test_shorter_heads.py",
        "figures/side_by_side/ood_alone.py",
        "tests/figures/test_ood_alone.py",
        "theory/statements/same_start.py",
        "tests/theorems/test_same_start.py",
        "empirical/datasets/families/fruit.py",
        "empirical/recipes/fruit.py",
        "tests/empirical/datasets/test_fruit.py",
    } <= files().keys()


@pytest.mark.slow
def test_recipes_work_to_the_letter(tmp_path):
    clone = tmp_path / "clone"
    for part in PARTS:
        shutil.copytree(ROOT / part, clone / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, clone / name)
    for path, text in files().items():
        assert not (clone / path).exists(), path
        (clone / path).write_text(text, encoding="utf-8")
    tests = [path for path in files() if path.startswith("tests/")]
    existing = [
        "tests/theorems/test_every_statement_has_a_file.py",
        "tests/figures/test_catalogue.py",
        "tests/empirical/test_recipes.py",
        "tests/empirical/test_counted_code.py",
        "tests/empirical/datasets/test_published_tables.py",
    ]
    run(clone, "-m", "pytest", "-n", "0", "-x", *tests, *existing)
    out = str(tmp_path / "results")
    run(clone, "-m", "distort", "simulate", "shorter_heads", "--out", out)
    run(clone, "-m", "distort", "figures", "shorter_heads", "--from", out)
    assert (tmp_path / "results" / "figures" / "shorter_heads" / "shorter_heads.svg").exists()
    verified = run(clone, "-m", "distort", "theory", "verify", "same_start", "--examples", "20")
    assert "proved here and verified" in verified
    listed = run(clone, "-m", "distort", "bench", "datasets", "--root", str(tmp_path))
    assert "distort bench download fruit" in listed


def run(clone: Path, *arguments: str) -> str:
    """Python in the clone, which hides the installed project."""
    environment = {**os.environ, "PYTHONPATH": str(clone), "JAX_ENABLE_X64": "1"}
    finished = subprocess.run(
        [sys.executable, *arguments], cwd=clone, env=environment, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    return finished.stdout
