"""Bad inputs over all readers, commands and folders: each is one line and an exit status, those of docs/security.md."""

import pytest

from artifacts.errors import LONGEST_MESSAGE
from tests.support.bad_inputs.table import CASES, PAGE, meet, rows, shown

#: Characters by which a message is known again. What a library says in its middle changes with the library.
KNOWN_BY = 30
WRITTEN = rows(PAGE.read_text(encoding="utf-8"))


def test_there_are_many_and_the_page_has_them_all():
    named = [(case.group.capitalize(), shown(case.what)) for case in CASES]
    assert len(set(named)) == len(named) >= 150
    assert set(named) == set(WRITTEN), "python -m tests.support.bad_inputs writes the table"


@pytest.mark.timeout(60)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.group}-{case.what}"[:80])
def test_a_bad_input_is_one_line_and_an_exit_status(case):
    found = meet(case)
    assert found.status in (1, 2)
    assert found.message
    assert len(found.message.splitlines()) == 1
    assert len(found.message) <= LONGEST_MESSAGE + 10
    assert "--debug shows where" not in found.message, "an exception that nobody foresaw"
    message, status = WRITTEN[case.group.capitalize(), shown(case.what)]
    told = (status, message[:KNOWN_BY])
    assert (found.status, shown(found.message)[:KNOWN_BY]) == told, (
        "python -m tests.support.bad_inputs writes the table"
    )
