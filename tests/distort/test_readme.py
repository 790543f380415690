"""The README promises nothing that is not there."""

import re
import subprocess
import sys
from pathlib import Path

from figures.catalogue import FIGURES
from theory.statements import STATEMENTS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def claims() -> list[list[str]]:
    """The rows of the table of claims: claim, function, test, figure."""
    table = README[README.index("| claim |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table]


def test_the_table_holds_every_claim_of_the_paper_and_only_statements():
    """Ours beside them may stand there; `distort theory list` has all."""
    tests = [row[2].strip("`") for row in claims()]
    assert len(set(tests)) == len(tests)
    published = {statement.name for statement in STATEMENTS if statement.published}
    assert published <= set(tests) <= {statement.name for statement in STATEMENTS}
    assert all((ROOT / "tests" / "theorems" / f"test_{name}.py").is_file() for name in tests)


def test_functions_and_figures_of_the_table_exist():
    from importlib import import_module

    for row in claims():
        for name in re.findall(r"`([^`]+)`", row[1]):
            module, _, attribute = name.rpartition(".")
            assert hasattr(import_module(module), attribute) or import_module(name)
        assert set(re.findall(r"`([^`]+)`", row[3])) <= {figure.name for figure in FIGURES}


def test_example_runs_as_it_stands():
    example = re.search(r"```python\n(.*?)```", README, flags=re.DOTALL).group(1)
    finished = subprocess.run(
        [sys.executable, "-c", example], cwd=ROOT, capture_output=True, text=True, check=True, timeout=240
    )
    assert finished.stdout.count("exact: linear probing") == 2


def test_picture_is_there():
    picture = re.search(r"!\[.*?\]\((.*?)\)", README).group(1)
    assert (ROOT / picture).is_file()
