"""What the command for a first GPU does when things go wrong, which they will not do first on a GPU."""

import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.gpu import driver, office, packages
from benchmarks.gpu.parts import Part
from benchmarks.gpu.report import Report, Wrong, within
from benchmarks.gpu.setting import Setting, read_setting
from empirical.benchmark.suite import named_suite
from empirical.benchmark.workspace import Workspace
from empirical.executors import Done, Failed

FAILING = """
def measure(report, setting):
    report.measure("first", lambda: {"value": 1.0})
    report.measure("second", lambda: {}["absent"])
    report.measure("third", lambda: {"value": 3.0})
"""
HANGING = """
import subprocess, sys, time
def measure(report, setting):
    report.measure("first", lambda: {"value": 1.0})
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (setting.out / "child").write_text(str(child.pid))
    time.sleep(600)
"""


@pytest.fixture
def setting(tmp_path) -> Setting:
    (tmp_path / "out").mkdir()
    (tmp_path / "scratch").mkdir()
    return Setting(out=tmp_path / "out", scratch=tmp_path / "scratch", command="python -m benchmarks.gpu", small=True)


def test_a_part_that_fails_and_one_that_hangs_leave_what_they_had(setting, tmp_path, monkeypatch):
    (tmp_path / "failing_part.py").write_text(FAILING)
    (tmp_path / "hanging_part.py").write_text(HANGING)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(driver, "GRACE", 2.0)
    parts = (Part("hanging", "hanging_part", 14), Part("failing", "failing_part", 46))  # what it takes to start
    summary = driver.run(parts, setting, seconds=60, packages={"absent": "needed by a test"})
    assert json.loads((setting.out / "summary.json").read_bytes()) == summary
    assert not driver.complete(summary)
    failing, hanging = summary["parts"]["failing"], summary["parts"]["hanging"]
    assert failing["measured"] == ["first", "third"]
    assert failing["failed"] == {"second": "KeyError: 'absent'"}
    assert failing["state"] == "failed with status 1"
    assert hanging["state"].startswith("cut off")
    assert hanging["measured"] == ["first"]
    assert not _alive(int((setting.out / "child").read_text())), "what a part started must end with it"
    for words in ("missing: absent", "failed: second: KeyError", "cut off"):
        assert words in driver.text(summary)
    document = json.loads((setting.out / "failing.json").read_bytes())
    assert document["state"] == "incomplete"
    assert document["environment"]["versions"]["jax"]
    assert document["command"] == setting.command


def _alive(process: int) -> bool:
    for _ in range(50):
        try:
            os.kill(process, 0)
            state = Path(f"/proc/{process}/stat").read_text().split()[2]
        except (ProcessLookupError, FileNotFoundError):
            return False
        if state == "Z":
            return False
        time.sleep(0.1)
    return True


def test_a_part_alone_gets_all_the_time(setting, tmp_path, monkeypatch):
    (tmp_path / "told_part.py").write_text(
        "def measure(report, setting):\n    report.measure('left', lambda: {'seconds': setting.left})"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    summary = driver.run([Part("told", "told_part", 0)], setting, seconds=100, packages={})
    assert driver.complete(summary), driver.text(summary)
    left = json.loads((setting.out / "told.json").read_bytes())["measured"]["left"]["seconds"]
    assert 0 < left < 100 - driver.GRACE


def test_a_setting_travels(setting):
    path = setting.scratch / "setting.json"
    setting.save(path)
    assert read_setting(path) == setting


def test_a_report_keeps_what_is_wrong_and_begins_nothing_that_cannot_end(tmp_path):
    path = tmp_path / "part.json"
    report = Report(path, {"part": "test"}, ends=time.time() + 100)
    report.measure("good", lambda: within({"error": 1e-9}, {"error": 1e-6}))
    report.measure("wrong", lambda: within({"error": math.nan}, {"error": 1e-6}))
    assert report.measure("long", lambda: {"value": 1.0}, seconds=200) is None
    assert report.finish() == 1
    document = json.loads(path.read_bytes())
    assert document["measured"]["good"] == {"error": 1e-9, "bounds": {"error": 1e-6}}
    assert document["measured"]["wrong"]["error"] == "nan"
    assert "must be at most 1e-06, got nan" in document["failed"]["wrong"]["error"]
    assert document["left_out"]["long"].startswith("it takes about 200 s")
    with pytest.raises(Wrong):
        within({"error": 2.0}, {"error": 1.0})


def test_a_later_call_measures_what_an_earlier_one_left_out(tmp_path):
    path = tmp_path / "part.json"

    def header(device: str, command: str) -> dict:
        return {"command": command, "small": False, "environment": {"devices": [device], "versions": {"jax": "1"}}}

    first = Report(path, header("H200", "first"), go_on=True)
    assert not first.has("good")
    first.measure("good", lambda: {"value": 1.0})
    first.measure("wrong", lambda: within({"error": 2.0}, {"error": 1.0}))
    second = Report(path, header("H200", "second"), go_on=True)
    assert second.has("good")
    assert not second.has("good", "wrong")
    second.measure("wrong", lambda: within({"error": 0.5}, {"error": 1.0}))
    assert second.finish() == 0
    document = json.loads(path.read_bytes())
    assert set(document["measured"]) == {"good", "wrong"}
    assert [(one["command"], one["measured"]) for one in document["earlier"]] == [("first", ["good"])]
    third = Report(path, header("H200", "third"), go_on=True)
    assert [one["measured"] for one in third.document["earlier"]] == [["good"], ["wrong"]]
    assert not Report(path, header("H100", "elsewhere"), go_on=True).has("good")


def test_only_what_is_asked_for_is_measured(tmp_path):
    report = Report(tmp_path / "part.json", {}, only=("flow", "exact"))
    assert report.has("probe path", "features")
    assert not report.has("probe path", "reduced flow: condition 300")


def test_it_begins_without_a_package_beside_the_standard_library(tmp_path):
    """The machine may have none of them yet: the command must be there to name them and to install wheels."""
    words = "import sys, benchmarks.gpu.__main__; print(sorted(set(sys.modules) & {'pydantic', 'numpy', 'artifacts'}))"
    command = [sys.executable, "-S", "-E", "-c", words]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=driver.ROOT, check=True)
    assert answer.stdout.strip() == "[]"


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setattr(packages, "BESIDE", {"absent": "no-such-distribution"})
    found = packages.missing()
    assert set(found) == {"no-such-distribution"}, "everything that the project itself needs is there"


def test_an_empty_folder_of_wheels_is_refused(tmp_path):
    with pytest.raises(SystemExit, match="must hold wheels"):
        packages.install(tmp_path, tmp_path / "site")


@pytest.mark.parametrize("there", [(), ("mobilenet_v2_imagenet.npz",)])
def test_photographs_that_are_missing_are_named(setting, tmp_path, there):
    data = tmp_path / "data"
    data.mkdir()
    for name in there:
        (data / name).touch()
    report = Report(setting.out / "office.json", {})
    told = Setting(**{**vars(setting), "data": data if there else None})
    office.measure(report, told)
    assert report.finish() == 1
    assert "office_caltech" in report.document["left_out"]["office"]
    assert ("--data names no folder" in report.document["left_out"]["office"]) == (not there)


def test_a_suite_stops_in_time_and_finished_runs_are_not_made_again(tmp_path):
    suite = named_suite("embedded", scale="quick")
    workspace = Workspace(folder=tmp_path / "benchmark")
    from empirical import plan

    runs = office.Ledger(suite, workspace).runs(plan(suite, lambda unit: None).units[:3])
    first, second, third = (run.unit for run in runs)
    (tmp_path / "scratch").mkdir()
    finished = runs[0].folder
    finished.mkdir(parents=True)
    (finished / "manifest.json").write_text("{}")
    kept, asked = [], []

    def inner(runs, *, force):
        asked.extend(run.unit for run in runs)
        for run in runs:
            yield Done(run.unit, "run", True, "")

    executor = office.UntilTimeIsUp(inner, time.time() + 100, lambda: kept.append(1))
    outcomes = list(executor(runs, force=False))
    assert [(one.unit, one.built) for one in outcomes if not isinstance(one, Failed)] == [
        (first, False), (second, True), (third, True)
    ]  # fmt: skip
    assert asked == [second, third]
    assert kept == [1], "the first run is kept at once, the next after some seconds"
    late = office.UntilTimeIsUp(inner, time.time() - 1, lambda: None)
    with pytest.raises(office.TimeIsUp):
        list(late(runs[1:2], force=False))

    def slow(runs, *, force):
        time.sleep(60)
        yield

    with pytest.raises(office.TimeIsUp):  # though nothing comes to an end meanwhile
        list(office.UntilTimeIsUp(slow, time.time() + 0.2, lambda: None)(runs[1:2], force=False))
