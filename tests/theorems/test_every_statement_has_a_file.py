"""The catalogue of statements and this folder agree."""

from pathlib import Path

from theory import statements
from theory.statements import STATEMENTS


def test_every_statement_has_a_file_that_names_it():
    here = Path(__file__).parent
    for statement in STATEMENTS:
        text = (here / f"test_{statement.name}.py").read_text(encoding="utf-8")
        assert f'NAME = "{statement.name}"' in text


def test_statements_stand_in_the_order_of_the_argument_and_are_named_like_their_files():
    assert [statement.order for statement in STATEMENTS] == sorted(statement.order for statement in STATEMENTS)
    folder = Path(statements.__file__).parent
    assert all((folder / f"{statement.name}.py").is_file() for statement in STATEMENTS)
