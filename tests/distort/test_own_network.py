"""A suite with a network of the user's own: it is timed, its mistakes are met once and named with their line."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from distort.__main__ import main
from empirical.datasets.folders import write_class_folders

NETWORK = """
from empirical.backbones.own import backbone
from tests.support.small_images import Linear

SIDE = 8


class Network(Linear):
    def __call__(self, images, norm_mode):
        if {fails}:
            raise RuntimeError("a mistake of mine")
        return super().__call__(images, norm_mode)

    side = property(lambda self: SIDE)


@backbone
def build(checkpoint):
    return Network(SIDE, 6)
"""
SUITE = """
name = "mine"
datasets.mine.training = "photo"
datasets.mine.ood.sketch = "sketch"
[recipes.mine]
backbone = "NETWORK:build"
methods = ["LP", {{ method = "FT", learning_rates = [0.01] }}]
epochs = 1
batch_size = 8
seeds = [0]
probe = {{ penalties = [0.1, 1.0] }}
side = 8
{more}
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Writes the suite and its network's module, whose name is the test's: a module is imported once."""
    draw = np.random.default_rng(0)
    labels = np.arange(40) % 2
    for domain in ("photo", "sketch"):
        pictures = (draw.integers(0, 80, (40, 8, 8)) + 100 * labels[:, None, None]).astype(np.uint8)
        write_class_folders(pictures, labels, tmp_path / domain)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    modules: list[str] = []

    def write(module: str, *, fails: str = "False", more: str = "") -> Path:
        modules.append(module)
        (tmp_path / f"{module}.py").write_text(NETWORK.format(fails=fails), encoding="utf-8")
        (tmp_path / "mine.toml").write_text(SUITE.format(more=more).replace("NETWORK", module), encoding="utf-8")
        return tmp_path

    yield write
    for module in modules:
        sys.modules.pop(module, None)


def test_a_plan_measures_it(mine, capsys):
    mine("own_timed")
    assert main(["bench", "plan", "--suite", "mine.toml", "--measure", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["rates"]["mine"] > 0
    assert document["solving"]["mine"] > 0
    assert {line["work"]: line["hours"] is not None for line in document["work"]} == {
        "probe": True, "description": True, "FT (train)": True,
    }  # fmt: skip


def test_a_folder_that_is_gone_fails_the_plan_as_it_would_the_run(mine, capsys):
    folder = mine("own_moved")
    (folder / "sketch").rename(folder / "elsewhere")
    assert main(["bench", "plan", "--suite", "mine.toml"]) == 1
    complaint = capsys.readouterr().err
    assert str(folder / "sketch") in complaint
    assert complaint.count("\n") == 1


def test_its_mistake_is_met_once_and_named_with_its_line(mine, capsys):
    folder = mine("own_mistaken", fails="images.shape[0] > 2")
    assert main(["bench", "run", "--suite", "mine.toml", "--debug"]) == 1
    said = capsys.readouterr()
    assert f"RuntimeError: a mistake of mine ({folder / 'own_mistaken.py'}, line 11)" in said.out
    assert "tried" not in said.out
    assert 'raise RuntimeError("a mistake of mine")' in said.err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[checkpoints]\nsmall_resne = "x"', "must name backbones, one of docs/backbones.md (the nearest:"),
        ("epoch = 3", "the nearest is epochs"),
        ("held_out = 2.0", "Input should be less than 1, got 2.0"),
    ],
)
def test_what_the_file_cannot_mean_is_named_with_the_nearest(mine, capsys, more, said):
    mine("own_misspelt", more=more)
    assert main(["bench", "plan", "--suite", "mine.toml"]) == 1
    assert said in capsys.readouterr().err


def test_a_backbone_that_there_is_not_is_named_with_the_nearest(mine, capsys):
    folder = mine("own_unused")
    text = (folder / "mine.toml").read_text(encoding="utf-8")
    (folder / "mine.toml").write_text(text.replace("own_unused:build", "small_resne"), encoding="utf-8")
    assert main(["bench", "run", "--suite", "mine.toml", "--out", "results"]) == 1
    assert "the nearest: small_resnet" in capsys.readouterr().err
    assert not (folder / "results").exists()
