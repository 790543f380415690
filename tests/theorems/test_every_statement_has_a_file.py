"""The catalogue of statements and this folder agree."""

from pathlib import Path

from theory.statements import STATEMENTS


def test_every_statement_has_a_file_that_names_it():
    here = Path(__file__).parent
    for statement in STATEMENTS:
        text = (here / f"test_{statement.name}.py").read_text(encoding="utf-8")
        assert f'NAME = "{statement.name}"' in text
