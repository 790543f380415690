"""`distort advise` on bars that are bright in distribution and dark out of it."""

import json
import shutil

import numpy as np
import pytest

from distort.__main__ import main
from empirical.advice.premises import SetPremises
from empirical.advice.rule import not_ruled_out, regime
from empirical.datasets.folders import write_class_folders
from empirical.records import write_benchmark
from tests.support.made_up_benchmark import benchmark

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


@pytest.mark.slow
def test_ood_images_without_labels_are_measured_as_with_them(bars, capsys):
    """Energy outside needs no label; what needs one is said to be open, and nothing is made of it."""
    (bars / "loose").mkdir()
    for number, picture in enumerate(sorted((bars / "dark").glob("*/*"))):
        shutil.copy(picture, bars / "loose" / f"{number:03}{picture.suffix}")
    assert main(["advise", "--images", "bright", "--ood", "dark", "loose", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    ((dark,),) = (premises["sets"] for premises in document["premises"])
    (loose,) = document["unlabelled"]
    assert (dark["name"], loose["name"], loose["images"]) == ("dark", "loose", 40)
    for name in ("energy_outside", "id_energy_outside", "on_cosine"):
        assert loose[name] == pytest.approx(dark[name], rel=1e-4)
    assert main(["advise", "--images", "bright", "--ood", "loose", "--out", "alone"]) == 0
    said = capsys.readouterr().out
    assert "loose: 40 images without labels" in said
    assert "Without labels it cannot be known whether the ID head carries over" in said
    assert "--confirm" not in said


def test_few_images_leave_regimes_open():
    few = SetPremises(
        name="s", images=20, probe_accuracy=0.8, shared_accuracy=0.85, energy_outside=0.2, id_energy_outside=0.05
    )
    assert regime(energy_ratio=4.0, gap=0.05, shared_ratio=0.85 / 0.9) == "head carries over"
    assert not_ruled_out(few, 0.9) == ("head fails", "features fail")
    assert not_ruled_out(few.model_copy(update={"images": 20_000}), 0.9) == ()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((), 2, "--suite"),
        (("--suite", "bars.toml", "--images", "bright"), 2, "--suite"),
        (("--suite", "bars.toml", "--ood", "dark"), 2, "leave --ood out"),
        (("--check", "none"), 1, "none must be a results folder"),
        (("--check", "none", "--images", "bright"), 2, "leave --images and --ood out"),
    ],
)
def test_mistakes_are_one_line(bars, capsys, arguments, status, said):
    assert main(["advise", *arguments]) == status
    assert said in capsys.readouterr().err


def test_collected_tables_alone_are_held_against_and_joined_with_what_was_before(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tables").mkdir()
    write_benchmark(tmp_path / "tables", benchmark())
    assert main(["advise", "--check", "tables", "--json"]) == 0
    printed = capsys.readouterr().out
    cases = json.loads(printed)["cases"]
    assert {case["results"] for case in cases} == {"tables"}
    (tmp_path / "before.json").write_text(printed.replace('"tables"', '"before"'), encoding="utf-8")
    assert main(["advise", "--check", "before.json", "--check", "tables", "--json"]) == 0
    both = json.loads(capsys.readouterr().out)["cases"]
    assert both == [{**case, "results": "before"} for case in cases] + cases
    assert main(["advise", "--check", "tables", "--check", "tables"]) == 1
    assert "comes twice" in capsys.readouterr().err


def test_sets_without_premises_are_counted_and_how_to_measure_them_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    document = benchmark()
    bare = [described.model_copy(update={"shared_head_accuracy": None}) for described in document.sets]
    (tmp_path / "tables").mkdir()
    write_benchmark(tmp_path / "tables", document.model_copy(update={"sets": bare, "conditions": []}))
    assert main(["advise", "--check", "tables"]) == 0
    assert "Not counted: 3 sets without premises; --suite FILE.toml" in capsys.readouterr().out


@pytest.mark.slow
def test_premises_of_own_results_are_measured_beside_them(bars, capsys):
    assert main(["bench", "run", "--suite", "bars.toml", "--out", "results"]) == 0
    capsys.readouterr()
    assert main(["advise", "--check", "results"]) == 0
    assert "Not counted: 1 sets" in capsys.readouterr().out
    assert main(["advise", "--check", "results", "--suite", "bars.toml", "--json"]) == 0
    (case,) = json.loads(capsys.readouterr().out)["cases"]
    assert (case["results"], case["set"]) == ("results", "dark")
