"""On a phone a figure's columns stand below each other, whole; the page begins with one answer a question."""

import io
from itertools import pairwise

import matplotlib
import pytest
from matplotlib.figure import Figure

from figures.report.contents import AgreementSummary
from figures.report.page import in_short
from figures.report.panels import windows
from figures.report.verdicts import _judged, _question


def svg(columns: int, *, legend: bool) -> str:
    figure = Figure(figsize=(6.8, 2.9))
    for axis in figure.subplots(1, columns, squeeze=False)[0]:
        axis.plot([0, 1], [0, 1], label="LP")
    figure.subplots_adjust(bottom=0.3)
    if legend:
        figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="lower center")
    text = io.StringIO()
    figure.savefig(text, format="svg")
    return text.getvalue()


@pytest.mark.parametrize("legend", [False, True])
@pytest.mark.parametrize("columns", [2, 3])
def test_windows_cover_the_figure_once(columns, legend):
    parts = windows(svg(columns, legend=legend))
    assert len(parts) == columns + legend
    beside = parts[:columns]
    assert beside[0].left == 0
    assert sum(part.width for part in beside) == pytest.approx(6.8 * 72)
    for before, after in pairwise(beside):
        assert after.left == pytest.approx(before.left + before.width)
    if legend:
        assert parts[-1].top == pytest.approx(beside[0].height)
        assert parts[-1].top + parts[-1].height == pytest.approx(2.9 * 72)


def test_one_column_stays_as_it_is():
    assert windows(svg(1, legend=True)) == ()
    assert windows("<svg viewBox='0 0 1 1'/>") == ()


def test_a_caption_shows_its_question_and_folds_the_rest():
    shown, rest = in_short("Who wins? (a) The theory. " + "A long sentence about how it is read. " * 9 + "\n\nMore.")
    assert shown.startswith("Who wins? (a) The theory.")
    assert len(shown) <= 260
    assert rest[-1] == "More."


@pytest.mark.parametrize(
    ("apart", "alike", "words", "kind"),
    [
        (0, 0, "undecided", "open"),
        (3, 3, "as in the theory", "true"),
        (3, 0, "against", "false"),
        (3, 2, "mixed", "open"),
    ],
)
def test_a_verdict_says_what_the_run_tells_apart(apart, alike, words, kind):
    answer, found = _judged(AgreementSummary(tau=0.0, conditions=4, pairs=6, told_apart=apart, alike=alike))
    assert words in answer
    assert found == kind


def test_a_single_pair_is_no_plural():
    answer, _ = _judged(AgreementSummary(tau=0.0, conditions=4, pairs=6, told_apart=1, alike=0))
    assert answer == "against the theory: the one pair that this run tells apart"


def test_a_question_is_asked_where_the_caption_asks_it():
    assert _question("Who wins in distribution (ID), who out of it? Error of LP.") == (
        "Who wins in distribution (ID), who out of it?"
    )
    assert _question("Beyond the paper. Who wins?") == ""


def test_words_of_a_legend_are_whole_and_a_line_over_the_figure_is_left_out():
    figure = Figure(figsize=(6.8, 2.9))
    for axis in figure.subplots(1, 2):
        axis.plot([0, 1], [0, 1], label="a method with a long name and a rate")
    figure.subplots_adjust(bottom=0.3, top=0.8)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="lower left")
    figure.text(0.01, 0.97, "a verdict that is told in one line over both of the panels of this figure", fontsize=7)
    text = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        figure.savefig(text, format="svg")
    *columns, legend = windows(text.getvalue())
    heading = (1 - 0.97) * 2.9 * 72
    assert all(heading < column.top < 0.2 * 2.9 * 72 for column in columns)
    box = figure.legends[0].get_window_extent()  # in dots of the figure
    assert legend.left + legend.width >= box.x1 / figure.dpi * 72 - 8  # the frame's padding
