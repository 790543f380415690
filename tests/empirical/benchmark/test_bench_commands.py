"""`distort bench plan|run|status|collect` as a user types them, mistakes included: nothing of theirs is overwritten."""

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from artifacts import UserError, open_results_folder
from distort.__main__ import main
from distort.folder import held
from empirical import Only, Suite, run_suite
from empirical.benchmark.suite import SUITE_FILE, open_suite, read_suite
from empirical.records import BENCHMARK_FILE
from tests.support import SUPPORT
from tests.support.small_suite import SUITE, workspace

PATIENCE_SECONDS = 240
KILLED = SUPPORT / "killed_suite.py"


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output, standard error."""
    status = main(["bench", *arguments])
    said = capsys.readouterr()
    return status, said.out, said.err


@pytest.fixture
def results(finished, tmp_path):
    """A results folder with the small suite in it."""
    folder = open_results_folder(tmp_path / "results")
    shutil.copytree(finished[0].folder, folder / "benchmark")
    return folder


def test_a_plan_of_the_paper_needs_no_data(capsys, tmp_path, monkeypatch):
    monkeypatch.delenv("DISTORT_DATA", raising=False)
    status, out, _ = run(capsys, "plan", "--suite", "paper", "--out", str(tmp_path / "r"), "--json")
    document = json.loads(out)
    assert status == 0
    work = {(one["recipe"], one["work"]): one for one in document["work"]}
    ft = work["cifar10", "FT (train)"]
    assert (ft["runs"], ft["finished"], ft["images_trained"], ft["hours"]) == (18, 0, 18 * 20 * 50_000, None)
    assert work["entity30", "probe"]["runs"] == 3
    assert not (tmp_path / "r").exists()  # a plan writes nothing
    decoding = {one["dataset"]: one for one in document["decoding"]}
    assert set(decoding) == {"entity30", "imagenet"}  # the large ones: those of 100,000 training images and more
    read = sum(
        one["images_trained"] + one["images_evaluated"] for one in document["work"] if one["recipe"] == "entity30"
    )
    assert decoding["entity30"]["images"] == read
    (tmp_path / "packed" / "entity30").mkdir(parents=True)
    (tmp_path / "packed" / "entity30" / "dataset.json").touch()
    packed = ("--store", str(tmp_path / "packed"))
    _, out, _ = run(capsys, "plan", "--suite", "paper", "--out", str(tmp_path / "r"), *packed, "--json")
    assert [one["dataset"] for one in json.loads(out)["decoding"]] == ["imagenet"]


def test_status_and_collect_of_what_is_there(capsys, results):
    status, out, _ = run(capsys, "status", "--from", str(results), "--json")
    found = json.loads(out)
    assert status == 0
    assert {one["work"]: one["finished"] for one in found["runs"]}["FT (eval)"] == 2
    diverged = {one["work"]: one["diverged"] for one in found["runs"] if one["diverged"]}
    assert diverged.pop("FT (eval)") == 2  # two seeds beyond float32
    # The rate that spoils LP-FT's head makes its loss infinite or merely large, as rounding has it.
    assert set(diverged) <= {"LP-FT (eval)"}
    assert sum(one["missing"] + one["damaged"] for one in found["runs"]) == 0
    status, out, _ = run(capsys, "collect", "--from", str(results), "--to", str(results / "tables"))
    assert status == 0
    assert "LP-FT" in out
    assert {path.name for path in (results / "tables").iterdir()} == {"results.csv", "tables.md", "tables.tex"}


def test_a_damaged_run_is_counted_and_named(capsys, results):
    victim = sorted((results / "benchmark" / "runs").glob("*/metrics.jsonl"))[0]
    victim.write_text("{}\n", encoding="utf-8")
    status, out, _ = run(capsys, "status", "--from", str(results), "--json")
    assert status == 0
    assert sum(one["damaged"] for one in json.loads(out)["runs"]) == 1


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("run", "--suite", "embeded"), 2, "nearest name is: embedded"),
        (("run", "--suite", "mine.toml", "--protocol", "clean"), 2, "A TOML suite says itself"),
        (("run", "--suite", "mine.toml", "--config", "c.toml"), 2, "leave --config out"),
        (("run", "--suite", "nowhere/mine.toml"), 1, "nowhere/mine.toml"),
        (("run", "--limit", "0"), 2, "`limit` must be at least 1"),
        (("run", "--only", "FTT"), 2, "--only must name a part"),
        (("plan", "--suite", "papers"), 2, "There is no suite 'papers'"),
        (("status",), 1, "must be a results folder"),
        (("collect",), 1, "must be a results folder"),
    ],
)
def test_wrong_use_is_one_clear_line(capsys, tmp_path, monkeypatch, arguments, status, message):
    monkeypatch.chdir(tmp_path)
    found, _, err = run(capsys, *arguments)
    assert (found, message in err) == (status, True), err
    assert len(err.strip().splitlines()) == 1


def test_a_folder_with_other_things_in_it_is_left_alone(capsys, tmp_path):
    (tmp_path / "thesis.tex").write_text("precious", encoding="utf-8")
    status, _, err = run(capsys, "run", "--out", str(tmp_path))
    assert (status, "thesis.tex" in err) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_folder_of_another_suite_is_left_alone(capsys, results):
    path = results / "benchmark" / SUITE_FILE
    other = SUITE.model_copy(update={"name": "another"})
    path.write_text(other.model_dump_json(), encoding="utf-8")
    before = {file: file.stat().st_mtime_ns for file in results.rglob("*.json")}
    status, _, err = run(capsys, "run", "--out", str(results))
    assert (status, "must hold the suite embedded, got another" in err) == (1, True)
    assert {file: file.stat().st_mtime_ns for file in before} == before


def test_a_suite_file_of_an_older_version_is_set_aside_with_a_word(tmp_path, caplog):
    older = json.dumps({"name": "embedded", "recipes": [{"name": "digits", "variations": []}]})
    (tmp_path / SUITE_FILE).write_text(older, encoding="utf-8")
    open_suite(tmp_path, SUITE)
    assert read_suite(tmp_path) == SUITE
    assert (tmp_path / "suite.older.json").read_text(encoding="utf-8") == older
    assert "must be of this version" in caplog.text
    (tmp_path / SUITE_FILE).write_text(json.dumps({"name": "another", "recipes": 3}), encoding="utf-8")
    with pytest.raises(UserError, match="must hold the suite embedded, got another"):
        open_suite(tmp_path, SUITE)


def test_a_run_of_another_configuration_is_left_alone(copy):
    first, second = sorted((copy.folder / "probes").glob("[0-9a-f]*"))
    shutil.rmtree(first)
    shutil.copytree(second, first)
    before = (first / "result.json").read_bytes()
    outcome = run_suite(SUITE, copy, only=Only(("LP",)))
    errors = [one.error for one in outcome.set_aside]
    assert any("must hold the run that it is named after, but" in error and "seed was" in error for error in errors)
    assert not any("ood was" in error for error in errors)  # the same list is no difference
    assert (first / "result.json").read_bytes() == before


def test_what_no_run_left_behind_is_left_alone(copy):
    victim = sorted((copy.folder / "probes").glob("[0-9a-f]*"))[0]
    shutil.rmtree(victim)
    victim.mkdir()
    (victim / "notes.txt").write_text("precious", encoding="utf-8")
    outcome = run_suite(SUITE, copy, only=Only(("LP",)))
    assert any("holds notes.txt and no manifest.json" in one.error for one in outcome.set_aside)
    assert (victim / "notes.txt").read_text(encoding="utf-8") == "precious"


def test_foreign_runs_without_a_suite_are_left_alone(capsys, tmp_path):
    folder = open_results_folder(tmp_path / "results")
    (folder / "benchmark" / "runs").mkdir(parents=True)
    status, _, err = run(capsys, "run", "--out", str(folder))
    assert (status, "must be new or hold a suite" in err) == (1, True)
    assert not (folder / "benchmark" / SUITE_FILE).exists()


def test_a_lost_suite_file_is_written_anew_and_all_runs_are_kept(copy, caplog):
    (copy.folder / SUITE_FILE).unlink()
    with caplog.at_level(logging.WARNING):
        outcome = run_suite(SUITE, copy)
    assert "was lost" in caplog.text
    assert not outcome.built
    assert outcome.up_to_date
    assert read_suite(copy.folder) == SUITE


def test_without_data_every_unit_is_set_aside_and_says_why(capsys, tmp_path, monkeypatch):
    monkeypatch.delenv("DISTORT_DATA", raising=False)
    arguments = ("run", "--suite", "paper", "--only", "living17", "--only", "probe", "--out", str(tmp_path / "r"))
    status, out, err = run(capsys, *arguments)
    assert status == 1
    assert "no root is named" in err
    assert len(err.strip().splitlines()) == 1
    (reason,) = [line for line in out.splitlines() if line.startswith("set aside: ")]
    assert reason.count("living17: linear probe, seed") == 3
    status, out, _ = run(capsys, "status", "--from", str(tmp_path / "r"), "--json")
    assert len(json.loads(out)["set_aside"]) == 3


def test_a_second_process_is_told_to_wait(capsys, results):
    code = "import sys; from pathlib import Path; from distort.folder import held; held(Path(sys.argv[1])).__enter__()"
    with held(results):
        second = subprocess.run([sys.executable, "-c", code, str(results)], capture_output=True, text=True, check=False)
    assert second.returncode != 0
    assert "another distort process is working in it" in second.stderr


def test_real_data_are_no_miniature(finished, tmp_path):
    suite = Suite(name="miniature", recipes=SUITE.recipes)
    outcome = run_suite(suite, workspace(tmp_path))
    assert all("for miniatures" in one.error or "needs what failed" in one.error for one in outcome.set_aside)
    assert outcome.set_aside


@pytest.mark.slow
def test_killed_in_the_middle_of_a_run_and_started_again(finished, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    process = subprocess.Popen([sys.executable, str(KILLED), str(tmp_path)], env=environment, stderr=subprocess.PIPE)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not list(tmp_path.glob("benchmark/states/*/*/manifest.json")):  # a run is saved in its middle
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, "no run was saved in its middle in time"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "benchmark" / BENCHMARK_FILE).exists()
    outcome = run_suite(SUITE, workspace(tmp_path))
    assert outcome.benchmark == finished[1].benchmark
    assert not list(tmp_path.rglob(".partial-*"))
