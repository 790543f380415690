"""`distort figures` and `distort report` on made-up results: one figure at a size, all of them, and what is missing."""

import json

import pytest

from artifacts.results_folder import MARKER
from distort.__main__ import main


@pytest.fixture
def folder(bare):
    """A results folder whose benchmark holds LP alone."""
    (bare / MARKER).write_text("{}", encoding="utf-8")
    return bare


def test_one_figure_is_drawn_at_a_size(folder, capsys):
    assert main(["figures", "benchmark_accuracy", "--from", str(folder), "--size", "talk", "--json"]) == 0
    (stage,) = json.loads(capsys.readouterr().out)
    assert stage["built"]
    assert (folder / "figures" / "talk" / "benchmark_accuracy" / "benchmark_accuracy.pdf").stat().st_size > 1000
    assert main(["figures", "benchmark_accuracy", "--from", str(folder), "--size", "talk"]) == 0
    assert "up to date" in capsys.readouterr().out


def test_figure_without_data_fails_in_one_line_that_says_what_to_run(folder, capsys):
    assert main(["figures", "norm_modes", "--from", str(folder)]) == 1
    error = capsys.readouterr().err.strip().splitlines()
    assert "both norm modes" in error[-1]
    assert '`"FT (eval)"` and' in error[-1]


def test_unknown_size_is_wrong_usage(folder, capsys):
    assert main(["figures", "norm_modes", "--from", str(folder), "--size", "poster"]) == 2
    assert "must be one of page, column, talk" in capsys.readouterr().err


def test_report_is_written_from_what_there_is(folder, capsys):
    main(["figures", "benchmark_accuracy", "side_by_side", "--from", str(folder)])
    assert main(["report", "--from", str(folder)]) == 0
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert 'id="figure-side_by_side"' in html
    assert "The digits" in html
