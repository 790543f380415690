"""`distort bench init`: a file that the other commands take, from folders that were looked at."""

import json
import re

import numpy as np
import pytest

from distort.__main__ import main
from empirical.benchmark.suite_file import read_suite_file
from empirical.datasets.folders import write_class_folders


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Two domains of two classes, side by side."""
    labels = np.arange(40) % 2
    for domain, level in (("photo", 200), ("Art painting", 60)):
        write_class_folders(np.full((40, 12, 16), level, np.uint8), labels, tmp_path / domain)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_file_says_what_was_seen_and_is_a_suite(folders, capsys):
    assert main(["bench", "init", "--images", "photo", "--ood", "Art painting"]) == 0
    text = (folders / "photo.toml").read_text(encoding="utf-8")
    assert "2 classes, 32 images of about 16 x 12" in text
    assert "40 images of about 16 x 12, 2 of the classes" in text
    (recipe,) = read_suite_file(folders / "photo.toml").recipes
    assert (recipe.name, recipe.classes) == ("photo", 2)
    capsys.readouterr()
    assert main(["bench", "plan", "--suite", "photo.toml", "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert {line["work"] for line in planned["work"]} >= {"probe", "FT (train)", "LP-FT (eval)"}


def test_every_comment_with_a_key_is_one_that_the_reader_takes(folders):
    assert main(["bench", "init", "--images", "photo", "--ood", "Art painting"]) == 0
    lines = (folders / "photo.toml").read_text(encoding="utf-8").splitlines()
    recipe = lines.index("[recipes.photo]")
    said = [line.removeprefix("# ") if re.match(r"# \w+ = ", line) else line for line in lines[recipe:]]
    (folders / "said.toml").write_text("\n".join([*lines[:recipe], *said]), encoding="utf-8")
    (recipe,) = read_suite_file(folders / "said.toml").recipes
    assert (recipe.epochs, recipe.protocol.held_out, recipe.sweeps) == (20, 0.1, ())


def test_without_ood_images_it_says_what_is_missing(folders, capsys):
    assert main(["bench", "init", "--images", "photo"]) == 0
    assert "Name an OOD set in it first" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--images", "."), "if they are domains"),
        (("--images", "none"), "must be a folder"),
        (("--images", "photo", "--ood", "photo/0"), "subfolders with images"),
        (("--images", "photo", "--out", "none/x.toml"), "must lie in a folder"),
    ],
)
def test_folders_that_do_not_fit_are_refused_and_nothing_is_written(folders, capsys, arguments, said):
    assert main(["bench", "init", *arguments]) == 1
    assert said in capsys.readouterr().err
    assert not list(folders.glob("*.toml"))


@pytest.mark.parametrize("arguments", [("--ood", "ink", "chalk"), ("--ood", "ink", "--ood", "chalk")])
def test_every_ood_folder_that_is_named_is_in_the_file(folders, arguments):
    for name in ("ink", "chalk"):
        (folders / name).symlink_to(folders / "Art painting", target_is_directory=True)
    assert main(["bench", "init", "--images", "photo", *arguments]) == 0
    text = (folders / "photo.toml").read_text(encoding="utf-8")
    assert 'ink = "ink"' in text
    assert 'chalk = "chalk"' in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--ood", "photo"), "other images than --images"), (("--ood", "photo", "--ood", "./photo"), "different names")],
)
@pytest.mark.parametrize("command", [("bench", "init"), ("advise",)])
def test_an_ood_folder_is_named_once_and_is_another(folders, capsys, command, arguments, said):
    assert main([*command, "--images", "photo", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_is_there_is_kept(folders, capsys):
    (folders / "photo.toml").write_text("mine", encoding="utf-8")
    assert main(["bench", "init", "--images", "photo"]) == 1
    assert (folders / "photo.toml").read_text(encoding="utf-8") == "mine"
    assert main(["bench", "init", "--images", "photo", "--force"]) == 0
