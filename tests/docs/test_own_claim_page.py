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


@pytest.mark.parametrize(
    ("smaller", "said"),
    [
        ("lambda evidence: jnp.nan * evidence.problem.truth.head[0]", "must be numbers wherever its premises hold"),
        ("lambda evidence: jnp.inf", "must be numbers wherever its premises hold"),
        ("lambda evidence: float(evidence.problem.truth.head[0])", "`smaller` of the statement 'lp_ft_between' must"),
        ("lambda evidence: 1.0 if evidence.problem.truth.head[0] > 0 else 2.0", "must be written in jax.numpy"),
        (
            "lambda evidence: __import__('numpy').linalg.norm(evidence.problem.truth.head)",
            "must be written in jax.numpy",
        ),
    ],
)
def test_a_side_that_no_comparison_means_is_no_pass(claim, capsys, smaller, said):
    text = CLAIM.replace("smaller=of_lp_ft", f"smaller={smaller}")
    file = f"side{abs(hash(smaller))}.py"
    (claim / file).write_text(text, encoding="utf-8")
    assert main(["theory", "verify", f"{file}:BETWEEN", "--dimensions", "d=5,k=2,m=1", "--examples", "5"]) == 1
    assert said in capsys.readouterr().err


def test_premises_that_never_hold_are_said(claim, capsys):
    text = CLAIM.replace("lambda problem: True", "lambda problem: False")
    (claim / "never.py").write_text(text, encoding="utf-8")
    assert main(["theory", "verify", "never.py:BETWEEN", "--dimensions", "d=5,k=2,m=1", "--examples", "5"]) == 0
    assert "Premises held on no problem that was drawn: lp_ft_between." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "arguments", "status", "said"),
    [
        ("from .beside import x", (), 1, "as from a script, without a dot"),
        ("import no_such_module", (), 1, "but No module named 'no_such_module'"),
        (CLAIM + "def draw(key):\n    return None\n", ("--sampler", "own_file.py:draw"), 1, "got NoneType"),
        (CLAIM, ("--dimensions", "d=9,k=2,m=1,m=2"), 2, "must give d, k and m"),
    ],
)
def test_mistakes_in_a_file_are_named(claim, capsys, text, arguments, status, said):
    from distort import own_claim

    own_claim._module.cache_clear()
    (claim / "own_file.py").write_text(text, encoding="utf-8")
    assert main(["theory", "verify", "own_file.py:BETWEEN", "--examples", "5", *arguments]) == status
    complaint = capsys.readouterr().err
    assert said in complaint
    assert complaint.count("\n") == 1


def test_a_side_that_is_no_number_is_named(claim, capsys):
    text = CLAIM.replace("smaller=of_lp_ft", "smaller=lambda evidence: evidence.lp_ft.head")
    (claim / "vector.py").write_text(text, encoding="utf-8")
    assert main(["theory", "verify", "vector.py:BETWEEN", "--dimensions", "d=5,k=2,m=1", "--examples", "5"]) == 1
    assert "`smaller` of the statement 'lp_ft_between' must give a single number" in capsys.readouterr().err
