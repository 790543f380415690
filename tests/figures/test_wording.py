"""What is read from the text of the statements' modules is what the statements say."""

import pytest

from figures.report import wording
from theory.statements import STATEMENTS


def test_wordings_are_those_of_the_statements():
    worded = wording.wordings()
    assert [found.name for found in worded] == [statement.name for statement in STATEMENTS]
    for found, statement in zip(worded, STATEMENTS, strict=True):
        assert {name: getattr(found, name) for name in wording.FIELDS} == {
            name: getattr(statement, name) for name in wording.FIELDS
        }
        assert [(shown.name, shown.shows) for shown in found.counterexamples] == [
            (example.name, example.shows) for example in statement.counterexamples
        ]


@pytest.mark.parametrize(
    "declaration",
    [
        "make()",
        'Statement(name="balancedness", source=SOURCE, claim="c", latex="l", premises="p", published=True)',
        'Statement(name="balancedness", source="s", claim="c", latex="l", premises="p", published=True, proof=PROOF)',
        'Statement(name="balancedness", source="s", claim="c", latex="l", premises="p", published=True, '
        "counterexamples=(Counterexample(NAME, 'shows', problem),))",
    ],
)
def test_a_wording_that_is_computed_is_imported(declaration, tmp_path):
    path = tmp_path / "balancedness.py"
    path.write_text(f"STATEMENT = {declaration}\n")
    known = next(found for found in wording.wordings() if found.name == "balancedness")
    assert wording.worded_in(path) == known


def test_a_module_without_a_statement_has_no_wording(tmp_path):
    path = tmp_path / "premises.py"
    path.write_text("WIDTH = 3\n")
    assert wording.worded_in(path) is None
