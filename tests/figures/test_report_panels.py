"""On a phone a figure's columns stand below each other, whole; the page begins with one answer a question."""

import io
from itertools import pairwise

import pytest
from matplotlib.figure import Figure

from figures.report.contents import AgreementSummary
from figures.report.page import in_short
from figures.report.panels import windows
from figures.report.verdicts import _judged


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
