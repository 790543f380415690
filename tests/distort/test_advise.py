"""`distort advise` on bars that are bright in distribution and dark out of it."""

import json

import numpy as np
import pytest

from distort.__main__ import main
from empirical.datasets.folders import write_class_folders

SUITE = """
name = "bars"
datasets.bars.training = "bright"
datasets.bars.ood.dark = "dark"
[recipes.bars]
backbone = "small_resnet"
seeds = [0, 1]
epochs = 1
batch_size = 8
probe = { penalties = [0.01, 1.0] }
methods = [{ method = "FT", learning_rates = [1e-3] }, { method = "LP-FT", learning_rates = [1e-3] }]
"""


@pytest.fixture
def bars(tmp_path, monkeypatch):
    generator, labels = np.random.default_rng(0), np.arange(40) % 2
    upright = np.zeros((32, 32), bool)
    upright[4:28, 13:19] = True
    shapes = np.where(labels[:, None, None] == 0, upright, upright.T)
    for name, level in (("bright", 200), ("dark", 60)):
        noise = generator.integers(0, 40, (40, 32, 32))
        write_class_folders((level * shapes + noise).clip(0, 255).astype(np.uint8), labels, tmp_path / name)
    (tmp_path / "bars.toml").write_text(SUITE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_premises_advice_and_the_training_that_decides(bars, capsys):
    assert main(["advise", "--suite", "bars.toml", "--confirm", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (premises,), (advice,), (confirmed,) = (document[name] for name in ("premises", "advice", "confirmations"))
    (dark,) = premises["sets"]
    assert premises["id_accuracy"] == 1
    assert 0 < dark["on_cosine"] <= 1
    assert advice["set"] == dark["name"] == "dark"
    assert set(confirmed["accuracies"]) == {"LP (eval)", "FT (train)", "LP-FT (eval)"}
    assert confirmed["epochs"] == 1
    assert confirmed["decided"] or confirmed["seeds"] == 2
    # Called again without training it is the same advice, from what was kept.
    assert main(["advise", "--suite", "bars.toml", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["premises"], again["advice"]) == (document["premises"], document["advice"])


@pytest.mark.slow
def test_without_ood_images_it_says_what_cannot_be_known(bars, capsys):
    assert main(["advise", "--images", "bright"]) == 0
    said = capsys.readouterr().out
    assert "LP reads" in said
    assert "Without OOD images it cannot be known" in said
    assert "Try " not in said


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((), 2, "--suite"),
        (("--suite", "bars.toml", "--images", "bright"), 2, "--suite"),
        (("--suite", "bars.toml", "--ood", "dark"), 2, "leave --ood out"),
        (("--check", "none"), 1, "none must be a results folder"),
    ],
)
def test_mistakes_are_one_line(bars, capsys, arguments, status, said):
    assert main(["advise", *arguments]) == status
    assert said in capsys.readouterr().err
