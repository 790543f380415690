"""The main job is safe to call again: it keeps what is true, names what is damaged, and finishes what was cut off."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from artifacts import UserError
from distort.folder import held
from distort.reproduce import FLAGSHIP, flagship_lines, reproduce
from figures.report.contents import Summary
from tests.support import SUPPORT
from tests.support.tiny_job import STATEMENT, run, tiny_plan

#: A tiny run takes about half a minute on one free core; a busy machine may need several times as long.
PATIENCE_SECONDS = 240


def numbers(summary: Summary) -> dict:
    """What was found, without how long it took and what had to be done."""
    return summary.model_dump(mode="json", exclude={"seconds", "stages", "environment", "simulations", "page"})


def assert_same(found: Any, expected: Any) -> None:
    """Equal but for rounding: sums in float32 depend on how many threads share them, one in a worker and two here."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            assert_same(found[name], value)
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-6)
    else:
        assert found == expected


def written(folder: Path) -> Summary:
    return Summary.model_validate_json((folder / "summary.json").read_text(encoding="utf-8"))


def built(summary: Summary) -> dict[str, str]:
    return {stage.name: stage.reason for stage in summary.stages if stage.built}


def test_summary_holds_claims_simulations_benchmark_figures_and_environment(finished):
    summary = written(finished)
    assert {row.method for row in summary.benchmark} == {"LP", "FT", "LP-FT"}
    assert [claim.name for claim in summary.claims if claim.examples] == [STATEMENT]
    assert summary.simulations[0].solved_by
    assert {"python", "versions", "devices", "git_revision"} <= summary.environment.keys()
    for figure in summary.figures:
        assert {Path(name).suffix for name in figure.files} >= {".svg", ".png"}
        assert all((finished / name).stat().st_size > 0 for name in figure.files)


def test_the_answer_ends_with_the_flagship_picture_and_its_verdict(finished):
    summary, folder = written(finished), Path("here")
    assert flagship_lines(summary, folder) == ()  # the tiny job does not draw it
    drawn = summary.figures[0].model_copy(
        update={"name": FLAGSHIP, "note": "The verdict.", "files": ("f/f.svg", "f/f.png")}
    )
    whole = summary.model_copy(update={"figures": (*summary.figures, drawn)})
    assert flagship_lines(whole, folder) == (f"{folder / 'f/f.png'}\nThe verdict.",)


def test_second_call_makes_nothing(results):
    before = numbers(written(results))
    again = run(results)
    assert not built(again)
    assert numbers(again) == before


def test_second_call_leaves_the_report_alone_unless_it_would_be_another(results, monkeypatch):
    report, summary = results / "report.html", results / "summary.json"

    def again() -> bool:
        """Whether the report was written once more."""
        before = report.stat().st_mtime_ns
        run(results)
        return report.stat().st_mtime_ns != before

    run(results)
    page, document = report.read_bytes(), summary.read_bytes()
    assert not again()
    assert summary.read_bytes() == document
    report.write_bytes(page[:-1])
    assert again()
    monkeypatch.setattr("figures.report.freshness.TEMPLATES", ("*.css",))
    assert again()
    assert not again()
    summary.write_text("{}", encoding="utf-8")
    assert again()
    assert Summary.model_validate_json(summary.read_text(encoding="utf-8")).page is not None


def test_only_what_is_out_of_date_is_given_to_other_processes(results):
    """They take seconds to start: a finished job needs none."""
    figure = results / "figures" / "benchmark_accuracy" / "benchmark_accuracy.svg"
    given = []

    def run_apart(steps):
        given.extend(steps)
        return [step(begin=silent) for step in steps]

    def silent(stage):
        return lambda message, fraction: None

    def again():
        with held(results) as folder:
            return reproduce(folder, tiny_plan(), run=run_apart, begin=silent, workers=2)

    assert not built(again())
    assert not given
    figure.write_bytes(b"")
    assert list(built(again())) == ["figure benchmark_accuracy"]
    assert [step.args[1] for step in given] == ["benchmark_accuracy"]


@pytest.mark.parametrize(
    ("pattern", "remade"),
    [
        ("theory/verification.json", "statements"),
        ("simulations/id_ood_tradeoff/data.npz", "simulation id_ood_tradeoff"),
        ("figures/side_by_side/side_by_side.svg", "figure side_by_side"),
        ("benchmark/runs/*/result.json", "benchmark: "),
    ],
)
def test_damaged_file_is_named_and_made_again(results, pattern, remade):
    before = numbers(written(results))
    damaged = sorted(results.glob(pattern))[0]
    damaged.write_bytes(damaged.read_bytes()[:-7] + b"\0" * 7)
    again = run(results)
    reasons = {name: reason for name, reason in built(again).items() if name.startswith(remade)}
    assert reasons
    assert any(damaged.name in reason and "differs from what was written" in reason for reason in reasons.values())
    assert numbers(again) == before


def test_lost_report_and_summary_are_written_again(results):
    before = numbers(written(results))
    (results / "report.html").unlink()
    (results / "summary.json").write_text("{", encoding="utf-8")
    run(results)
    assert numbers(written(results)) == before
    assert (results / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_killed_run_finishes_with_the_same_numbers(finished, tmp_path):
    folder = tmp_path / "results"
    environment = {**os.environ, "JAX_ENABLE_X64": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, str(SUPPORT / "tiny_job.py"), str(folder)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    # Cut off in the middle of the sweep: statements and a training run are published, others are under way.
    done = ("theory/manifest.json", "benchmark/runs/[0-9a-f]*/manifest.json")
    while not all(list(folder.glob(pattern)) for pattern in done):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, "no training run was published in time"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()  # returns when the last worker has ended too: they share its standard error
    assert not (folder / "summary.json").exists()
    resumed = run(folder)
    assert "statements" not in built(resumed)
    assert_same(numbers(resumed), numbers(written(finished)))
    assert not list(folder.rglob(".partial-*"))


def test_second_process_is_told_to_wait(results):
    code = "import sys; from pathlib import Path; from distort.folder import held; held(Path(sys.argv[1])).__enter__()"
    with held(results):
        second = subprocess.run([sys.executable, "-c", code, str(results)], capture_output=True, text=True, check=False)
    assert second.returncode != 0
    assert "another distort process is working in it" in second.stderr


def test_foreign_folder_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious", encoding="utf-8")
    with pytest.raises(UserError, match=r"must be new, empty or a results folder.*thesis\.tex"), held(tmp_path):
        pass
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder in which not even root may write")
def test_unwritable_folder_is_refused():
    with pytest.raises(UserError, match="must be writable"), held(Path("/proc/results")):
        pass


def test_folder_that_is_a_file_is_refused(tmp_path):
    file = tmp_path / "results"
    file.write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="must be a directory"), held(file):
        pass


def test_summary_is_one_json_document(finished):
    summary = json.loads((finished / "summary.json").read_text(encoding="utf-8"))
    assert {"claims", "simulations", "benchmark", "figures", "environment", "seconds"} <= summary.keys()
    assert {"name", "source", "status", "examples", "violations", "smallest_slack"} <= summary["claims"][0].keys()
    row = {
        "dataset",
        "method",
        "norm_mode",
        "seeds",
        "id_accuracy",
        "id_ci90",
        "ood_accuracy",
        "ood_ci90",
        "per_ood_set",
    }
    assert row <= summary["benchmark"][0].keys()
    assert all(0 <= one["id_accuracy"] <= 1 and 0 <= one["ood_accuracy"] <= 1 for one in summary["benchmark"])
