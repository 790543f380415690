"""A folder that cannot be drawn whole: what can be is drawn; the rest says what is missing and what would give it."""

import json
import shutil

import pytest

from artifacts import UserError
from artifacts.directory import Outdated, only_checked
from artifacts.results_folder import MARKER
from distort.__main__ import main
from distort.folder import refuse_another_suite
from empirical.records import write_record
from figures.catalogue import BENCHMARK, entry
from figures.missing import NothingToDraw
from figures.publishing import draw_figure


@pytest.fixture
def own(bare, made_up):
    """Results of a user's own suite: a benchmark of LP alone, no simulations."""
    shutil.rmtree(bare / "simulations")
    (bare / MARKER).write_text("{}", encoding="utf-8")
    return bare


def drawn(folder):
    return {path.name for path in (folder / "figures").iterdir() if (path / "manifest.json").exists()}


def test_what_can_be_drawn_is_drawn_and_the_rest_says_which_entry_would_give_it(own, capsys):
    assert main(["figures", "--from", str(own)]) == 0
    text = capsys.readouterr().out
    assert {"benchmark_accuracy", "id_ood_scatter"} <= drawn(own)
    assert "distort simulate toy_example" in text
    assert '"FT (eval)"' in text
    assert "reproduce" not in text


def test_where_results_are_only_checked_nothing_to_draw_is_said_too(own):
    """No other process is started for it: a finished job is found so in the one that was called."""
    with only_checked(), pytest.raises(NothingToDraw):
        draw_figure(entry("norm_modes"), own)
    with only_checked(), pytest.raises(Outdated):
        draw_figure(entry("benchmark_accuracy"), own)


def test_missing_simulations_of_a_paired_figure_are_named(own, capsys):
    assert main(["figures", "side_by_side", "--from", str(own)]) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "simulations/id_ood_tradeoff" in error
    assert "distort simulate id_ood_tradeoff" in error


def test_a_damaged_result_fails_the_command_and_leaves_the_others_drawn(own, capsys, results):
    shutil.copytree(results / "simulations" / "id_ood_tradeoff", own / "simulations" / "id_ood_tradeoff")
    (own / "simulations" / "id_ood_tradeoff" / "data.npz").write_bytes(b"no archive")
    assert main(["figures", "--from", str(own)]) == 1
    assert "differs from what was written" in capsys.readouterr().err
    assert "benchmark_accuracy" in drawn(own)


def test_another_suite_is_refused(own):
    (own / BENCHMARK / "suite.json").write_text('{"name": "mine"}', encoding="utf-8")
    with pytest.raises(UserError, match="no other suite than `embedded`, but has the benchmark of `mine`"):
        refuse_another_suite(own, "embedded")
    assert main(["reproduce", "--scale", "quick", "--out", str(own)]) == 1
    (own / BENCHMARK / "suite.json").write_text('{"name": "embedded"}', encoding="utf-8")
    refuse_another_suite(own, "embedded")


def test_formats_and_sizes_are_the_users(results):
    figure = entry("norm_modes")
    path = draw_figure(figure, str(results), size="5x3", formats=("pdf", "eps")).artifact.path
    assert path == results / "figures" / "5x3" / "norm_modes"
    assert {file.suffix for file in path.iterdir()} == {".pdf", ".eps", ".json"}
    with pytest.raises(UserError, match="WIDTHxHEIGHT"):
        draw_figure(figure, results, size="0x3")


def test_the_report_has_its_picture_whatever_format_was_asked_for(results):
    names = {
        file.suffix for file in draw_figure(entry("norm_modes"), results, formats=("eps",)).artifact.path.iterdir()
    }
    assert {".eps", ".svg"} <= names


def test_an_embedded_suite_is_told_that_its_default_scale_has_it(own, made_up, capsys):
    lean = json.loads((own / BENCHMARK / "benchmark.json").read_text(encoding="utf-8"))
    write_record(own / BENCHMARK / "benchmark.json", type(made_up).model_validate(lean | {"suite": "embedded"}))
    assert main(["figures", "norm_modes", "--from", str(own)]) == 1
    assert "at its default scale" in capsys.readouterr().err
