"""docs/own_claim.md does what it says: its claim, sampler and test are taken from the page and run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from distort.__main__ import main

PAGE = (Path(__file__).parents[2] / "docs" / "own_claim.md").read_text(encoding="utf-8")
CLAIM, IN_PYTHON, SAMPLER, PROPERTY = re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def claim(tmp_path, monkeypatch):
    (tmp_path / "claim.py").write_text(CLAIM + SAMPLER, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_of_the_page_is_tried():
    assert set(re.findall(r"^distort theory (\w+)", PAGE, flags=re.MULTILINE)) == {"verify", "attack", "replay"}


def test_a_claim_is_verified_in_dimensions_of_ones_own(claim, capsys):
    assert main(["theory", "verify", "claim.py:BETWEEN", "--dimensions", "d=7,k=3,m=1", "--examples", "20"]) == 0
    assert "conjectured, no violation found" in capsys.readouterr().out


def test_a_claim_is_verified_on_problems_of_ones_own(claim, capsys):
    named = ("--sampler", "claim.py:nearly_invisible")
    assert main(["theory", "verify", "claim.py:BETWEEN", *named, "--examples", "20"]) == 0
    assert "20" in capsys.readouterr().out


def test_a_claim_is_attacked_and_what_was_found_replayed(claim, capsys):
    dimensions = ("--dimensions", "d=5,k=2,m=1")
    assert main(["theory", "attack", "claim.py:BETWEEN", *dimensions, "--budget", "38400"]) == 0
    assert "no violation found" in capsys.readouterr().out
    assert main(["theory", "replay", "results/attacks/lp_ft_between-0.json", "--statement", "claim.py:BETWEEN"]) == 0


def test_the_property_test_passes(claim):
    (claim / "test_property.py").write_text(PROPERTY, encoding="utf-8")
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_property.py"],
        cwd=claim, env={**os.environ, "JAX_ENABLE_X64": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("claim.py:BETWEN",), "BETWEEN"),
        (("claim.py",), "FILE.py:NAME"),
        (("none.py:BETWEEN",), "there is no none.py"),
        (("claim.py:BETWEEN", "--dimensions", "d=3,k=3,m=1"), "k + m <= d"),
        (("claim.py:BETWEEN", "--dimensions", "d=3,k=3"), "must give d, k and m"),
        (("claim.py:BETWEEN", "--all"), "not both"),
    ],
)
def test_mistakes_are_wrong_usage_in_one_line(claim, capsys, arguments, said):
    assert main(["theory", "verify", *arguments]) == 2
    complaint = capsys.readouterr().err
    assert said in complaint
    assert complaint.count("\n") == 1


def test_a_side_that_is_no_number_is_named(claim, capsys):
    text = CLAIM.replace("smaller=of_lp_ft", "smaller=lambda evidence: evidence.lp_ft.head")
    (claim / "vector.py").write_text(text, encoding="utf-8")
    assert main(["theory", "verify", "vector.py:BETWEEN", "--dimensions", "d=5,k=2,m=1", "--examples", "5"]) == 1
    assert "`smaller` of the statement 'lp_ft_between' must give a single number" in capsys.readouterr().err
