"""README and docs say what the results say, and the programs that they show print what stands below them."""

import re
from importlib import import_module

from figures.catalogue import FIGURES
from pages import blocks, description
from pages.__main__ import CONTENTS, pages, stale
from pages.claims import ABOUT
from pages.evidence import PICTURE, evidence
from tests.support import ROOT
from theory.statements import STATEMENTS

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_number_in_a_block_is_that_of_the_committed_results_and_programs():
    assert stale(write=False) == []


def test_an_edited_number_is_noticed():
    block = "<!-- generated: exact_training -->\n- 9 million problems a second\n<!-- end -->"
    assert blocks.names(block) == ["exact_training"]
    assert "9 million" not in blocks.filled(block, CONTENTS)


def test_every_block_that_can_be_made_is_on_a_page():
    shown = {name for path in pages() for name in blocks.names(path.read_text(encoding="utf-8"))}
    assert shown == set(CONTENTS)


def test_the_results_know_every_statement_and_the_picture_is_there():
    assert {one["name"] for one in evidence()["claims"]} == {statement.name for statement in STATEMENTS}
    assert PICTURE.is_file()


def test_functions_and_figures_of_the_table_of_claims_exist():
    assert set(ABOUT) <= {statement.name for statement in STATEMENTS}
    for function, figure in ABOUT.values():
        module, _, attribute = function.rpartition(".")
        assert hasattr(import_module(module), attribute) or import_module(function)
        assert not figure or figure in {one.name for one in FIGURES}


def test_every_statement_of_the_table_has_its_test():
    missing = [one.name for one in STATEMENTS if not (ROOT / "tests" / "theorems" / f"test_{one.name}.py").is_file()]
    assert missing == []


def test_on_a_package_index_nothing_leads_into_the_checkout():
    text = description.FILE.read_text(encoding="utf-8")
    assert re.findall(rf"\]\(({description.RELATIVE})\)", text) == []
    assert "![" not in text
    assert "generated:" not in text
