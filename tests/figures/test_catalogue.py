"""Every figure can be loaded, has a caption, reads only the results that it names, and leaves no stale picture."""

import json
from types import ModuleType

import pytest

from artifacts import UserError
from bridge.catalogue import EXPERIMENTS
from empirical.records import write_record
from figures.captions import caption, stated_formula
from figures.catalogue import BENCHMARK, FIGURES, entry
from figures.missing import NothingToDraw
from figures.publishing import INFORMATION, draw_figure, folder
from theory.bounds.lp_ft import lp_ft_feature_movement_bound


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_figure_has_caption_collect_and_draw(figure):
    module = figure.load()
    assert callable(module.collect)
    assert callable(module.draw)
    assert len(caption(module)) > 80


def test_sources_are_results_that_some_command_makes():
    made = {f"simulations/{experiment.name}" for experiment in EXPERIMENTS} | {BENCHMARK}
    assert {source for figure in FIGURES for source in figure.sources} <= made


def test_every_experiment_is_shown_by_a_figure():
    shown = {source for figure in FIGURES for source in figure.sources}
    assert {f"simulations/{experiment.name}" for experiment in EXPERIMENTS} <= shown


def test_where_theory_stands_beside_benchmark_both_are_read_and_the_agreement_is_said():
    both = [figure for figure in FIGURES if figure.section == "side by side"]
    assert len(both) >= 6
    for figure in both:
        assert BENCHMARK in figure.sources
        assert len(figure.sources) > 1
        assert callable(figure.load().note)


def test_missing_result_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(UserError, match="distort simulate toy_example"):
        draw_figure(entry("toy_example"), tmp_path)
    with pytest.raises(UserError, match="distort bench run"):
        draw_figure(entry("benchmark_accuracy"), tmp_path)


def test_figure_is_saved_with_what_it_says(results):
    outcome = draw_figure(entry("side_by_side"), results)
    names = {path.name for path in outcome.artifact.path.iterdir()}
    assert {name for name in names if name.startswith("side_by_side.")} == {"side_by_side.svg", "side_by_side.png"}
    information = json.loads((outcome.artifact.path / INFORMATION).read_text(encoding="utf-8"))
    assert information["agreement"]["tau"] == 1.0
    assert "Kendall" in information["note"]
    assert not draw_figure(entry("side_by_side"), results).built


def test_other_sizes_lie_beside_and_are_drawn_apart(results):
    page = draw_figure(entry("norm_modes"), results).artifact.path
    talk = draw_figure(entry("norm_modes"), results, size="talk").artifact.path
    assert (page, talk) == (results / "figures" / "norm_modes", results / "figures" / "talk" / "norm_modes")
    assert (page / "norm_modes.svg").read_bytes() != (talk / "norm_modes.svg").read_bytes()


def test_picture_of_what_is_gone_does_not_stay(bare, made_up):
    full, lean = made_up, (bare / BENCHMARK / "benchmark.json").read_text(encoding="utf-8")
    write_record(bare / BENCHMARK / "benchmark.json", full)
    figure = entry("norm_modes")
    draw_figure(figure, bare)
    (bare / BENCHMARK / "benchmark.json").write_text(lean, encoding="utf-8")
    with pytest.raises(NothingToDraw):
        draw_figure(figure, bare)
    assert not folder(figure, bare).exists()


def test_unknown_figure_is_refused():
    with pytest.raises(ValueError, match="must be one of flagship, side_by_side"):
        entry("figure_17")


def test_figure_without_caption_is_refused():
    with pytest.raises(ValueError, match="caption"):
        caption(ModuleType("figures.theory.none"))


def test_a_caption_states_the_bound_that_is_drawn():
    text = caption(entry("feature_movement").load())
    assert stated_formula(lp_ft_feature_movement_bound) in text
    assert "{" not in text


def test_a_caption_that_names_no_formula_or_another_is_refused():
    module = ModuleType("figures.theory.made_up", "The bound {one}.")
    with pytest.raises(ValueError, match="must name its formulas"):
        caption(module)
    with pytest.raises(ValueError, match="must state a formula"):
        stated_formula(caption)


def test_the_catalogue_reads_what_the_modules_say():
    for figure in FIGURES:
        declared = figure.load().FIGURE
        assert (declared.title, declared.sources) == (figure.title, figure.sources)
        assert declared.name in ("", figure.name)
