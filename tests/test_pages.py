"""README and docs say what the results say, and the programs that they show print what stands below them."""

import json
import re
from importlib import import_module

import pytest

from artifacts import UserError
from bridge import EXPERIMENTS
from figures.catalogue import FIGURES
from pages import blocks, description, gpu
from pages import evidence as module
from pages.__main__ import CONTENTS, pages, stale
from pages.claims import ABOUT
from pages.evidence import PICTURE, evidence
from pages.public_names import PACKAGES, public_names, with_public_names
from tests.support import ROOT
from theory.statements import STATEMENTS

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_number_in_a_block_is_that_of_the_committed_results_and_programs():
    assert stale(write=False) == []


def test_an_edited_number_is_noticed():
    block = "<!-- generated: exact_training -->\n- 9 million problems a second\n<!-- end -->"
    assert blocks.names(block) == ["exact_training"]
    assert "9 million" not in blocks.filled(block, CONTENTS)


def test_a_results_folder_is_taken_over_with_its_picture(tmp_path, monkeypatch):
    results = tmp_path / "results"
    (results / "figures" / module.FIGURE).mkdir(parents=True)
    with pytest.raises(UserError, match=r"summary\.json must be there"):
        module.take_over(results)
    (results / "figures" / module.FIGURE / f"{module.FIGURE}.svg").write_text("<svg/>", encoding="utf-8")
    summary = {"claims": [{"name": "a", "status": "proved", "proof": "left out"}], "benchmark": [], "datasets": []}
    rest = {"figures": [], "environment": {"python": "3.12"}, "scale": "quick"}
    (results / "summary.json").write_text(json.dumps(summary | rest), encoding="utf-8")
    monkeypatch.setattr(module, "FILE", tmp_path / "reproduce.json")
    monkeypatch.setattr(module, "PICTURE", tmp_path / "picture.svg")
    module.take_over(results)
    taken = module.evidence()
    assert taken["command"] == "distort reproduce --scale quick"
    assert taken["claims"][0] == {
        "name": "a",
        "status": "proved",
        **dict.fromkeys(("examples", "violations", "sharpness")),
    }
    assert not (tmp_path / "picture.svg").exists(), "the quick scale has no picture for the first screen"
    figure = {"name": module.FIGURE, "note": "9 of 9. More.", "agreement": {"tau": 1.0}}
    larger = {"figures": [figure], "environment": {}, "scale": "default"}
    (results / "summary.json").write_text(json.dumps(summary | larger), encoding="utf-8")
    monkeypatch.setattr(module, "FLAGSHIP", tmp_path / "flagship.json")
    module.take_over(results)
    assert (tmp_path / "picture.svg").is_file()
    assert module.flagship()["commands"] == ["distort reproduce"]
    assert module.verdict() == "9 of 9."


def test_hours_of_the_papers_suite_are_those_of_the_plan():
    hours = {device[-4:]: f"{hours:.1f}" for device, hours in gpu.suite_hours().items()}
    fewer = {device: f"{hours:.1f}" for device, hours in gpu.suite_hours("selected").items()}
    said = {
        page: (ROOT / "docs" / page).read_text(encoding="utf-8") for page in ("gpu.md", "cluster.md", "benchmark.md")
    }
    assert len(hours) == 2
    for text in said.values():
        assert [value for value in hours.values() if value not in text] == []
    assert [value for value in fewer.values() if value not in said["benchmark.md"]] == []


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


def test_the_page_of_simulations_has_every_experiment():
    page = (ROOT / "docs" / "simulations.md").read_text(encoding="utf-8")
    assert [one.name for one in EXPERIMENTS if f"\n| `{one.name}` |" not in page] == []


def test_every_statement_of_the_table_has_its_test():
    missing = [one.name for one in STATEMENTS if not (ROOT / "tests" / "theorems" / f"test_{one.name}.py").is_file()]
    assert missing == []


@pytest.mark.parametrize("package", PACKAGES)
def test_the_reference_has_every_public_name(package):
    pages = (ROOT / "docs" / "api" / f"{name}.md" for name in (package, "results"))
    page = "\n".join(path.read_text(encoding="utf-8") for path in pages)
    shown = tuple(f"{module}." for module in re.findall(r"^::: (\S+)$", page, flags=re.MULTILINE))
    public = public_names(package)
    assert [one.name for one in public if one.documented and not one.documented.startswith(shown)] == []
    assert [one.name for one in public if not one.summary] == []
    assert f"from {package} import" in with_public_names(page)


def test_on_a_package_index_nothing_leads_into_the_checkout():
    text = description.FILE.read_text(encoding="utf-8")
    assert re.findall(rf"\]\(({description.RELATIVE})\)", text) == []
    assert "![" not in text
    assert "generated:" not in text
    assert "pip install feature-distortion && distort reproduce" in text
