"""Every figure can be loaded, has a caption, and reads nothing but the results that it names."""

import pytest

from artifacts import UserError
from figures.catalogue import BENCHMARK, FIGURES, entry
from figures.drawing import caption, draw_figure
from simulations.catalogue import EXPERIMENTS


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_figure_has_caption_collect_and_draw(figure):
    module = figure.load()
    assert callable(module.collect)
    assert callable(module.draw)
    assert len(caption(module.__doc__)) > 80


def test_sources_are_results_that_some_command_makes():
    made = {f"simulations/{experiment.name}" for experiment in EXPERIMENTS} | {BENCHMARK}
    assert {source for figure in FIGURES for source in figure.sources} <= made


def test_every_experiment_is_shown_by_a_figure():
    shown = {source for figure in FIGURES for source in figure.sources}
    assert {f"simulations/{experiment.name}" for experiment in EXPERIMENTS} <= shown


def test_missing_result_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(UserError, match="distort simulate toy_example"):
        draw_figure(entry("toy_example"), tmp_path)
    with pytest.raises(UserError, match="distort bench run"):
        draw_figure(entry("benchmark_accuracy"), tmp_path)


def test_unknown_figure_is_refused():
    with pytest.raises(ValueError, match="must be one of side_by_side"):
        entry("figure_17")


def test_figure_without_caption_is_refused():
    with pytest.raises(ValueError, match="caption"):
        caption(None)
