"""What the pages show in Python runs as it is typed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from empirical.backbones.own import own_backbone

DOCS = Path(__file__).parents[2] / "docs"


def snippets(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", (DOCS / page).read_text(encoding="utf-8"), flags=re.M | re.S)


def test_the_backbone_of_the_page_is_one(tmp_path, monkeypatch):
    (code,) = (one for one in snippets("backbones.md") if "@backbone" in one)
    (tmp_path / "shown_backbone.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    network = own_backbone("shown_backbone:three_layers_from", None, {})
    assert (network.feature_dim, network.blocks) == (64, 3)
    assert network.layers[0].norm.epsilon == 1e-3


@pytest.mark.parametrize(("page", "mark"), [("figures.md", "toy_example"), ("simulations.md", "solve_batch")])
def test_snippets_run(page, mark, tmp_path):
    (code,) = (one for one in snippets(page) if mark in one)
    prepared = f"from artifacts.runtime import prepare_jax\nprepare_jax()\n{code}"
    finished = subprocess.run(
        [sys.executable, "-c", prepared], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr[-2000:]


def test_what_is_typed_after_an_import_is_there():
    import distort
    import empirical
    import figures
    import simulations
    import theory

    assert theory.statements.STATEMENTS
    assert theory.bounds.best_lower_bound is theory.best_lower_bound
    assert simulations.attack.attack
    assert len({package.__version__ for package in (distort, empirical, figures, simulations, theory)}) == 1
