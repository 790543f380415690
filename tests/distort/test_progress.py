"""Progress says what is being done, how far it is and how long it will still take, and never floods a log."""

import re
import subprocess
import sys
import threading

import pytest

from distort import progress
from distort.command import Scale
from distort.plan import SECONDS, expected_seconds, plan
from distort.progress import Job, duration
from tests.support import ROOT


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_time_left_follows_from_what_is_done_of_what_is_expected(clock):
    job = Job({"long": 90.0, "short": 10.0}, clock)
    job.tell("short", "", 1.0)
    job.tell("long", "7 of 21", 1 / 3)
    clock.now = 60.0
    assert job.share == pytest.approx(0.4)
    assert job.seconds_left == pytest.approx(90.0)
    assert job.line() == "distort: after 60 s, 40% done, about 2 min left: long 33% 7 of 21"


def test_what_cannot_be_told_is_not_told(clock):
    job = Job({}, clock)
    job.tell("verifying", "27 statements", 0.0)
    clock.now = 61.0
    assert job.line() == "distort: after 61 s: verifying 0% 27 statements"
    hardly_begun = Job({"a": 1.0}, clock)
    hardly_begun.tell("a", "", 0.01)
    assert hardly_begun.seconds_left is None


def test_a_stage_that_nobody_expected_changes_nothing(clock):
    job = Job({"a": 1.0}, clock)
    job.tell("b", "", 1.0)
    assert job.share == 0.0


@pytest.mark.parametrize(("seconds", "said"), [(0, "0 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"),
                                               (7260, "2 h 1 min")])  # fmt: skip
def test_durations(seconds, said):
    assert duration(seconds) == said


def test_a_log_has_a_line_now_and_then_and_a_quick_command_has_none(monkeypatch, capsys):
    with progress.progress() as begin:
        begin("quick")("done", 1.0)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.01)
    with progress.progress({"slow": 1.0}) as begin:
        begin("slow")("3 of 4", 0.75)
        threading.Event().wait(0.2)
    lines = capsys.readouterr().err.splitlines()
    assert 1 <= len(lines) <= 20
    assert all(
        re.fullmatch(r"distort: after \d+ s, 75% done, about \d+ s left: slow 75% 3 of 4", line) for line in lines
    )


def test_lines_become_fewer(clock):
    """A line waits a tenth of the time so far: an hour has about forty, a day about seventy."""
    waits = []

    class Over:
        def wait(self, seconds: float) -> bool:
            waits.append(seconds)
            clock.now += seconds
            return clock.now > 24 * 3600

    progress._write_lines(Job({}, clock), Over())  # type: ignore[arg-type]
    assert 50 < len(waits) < 100
    assert waits[0] == progress.LINE_SECONDS


@pytest.mark.parametrize("scale", ["quick", "default", "full"])
def test_every_stage_of_the_main_job_is_expected(scale: Scale):
    whole = plan(scale)
    expected = expected_seconds(whole)
    simulated = {f"simulation {name}" for names in whole.experiments for name in names}
    assert expected.keys() == {"statements", "benchmark", "report"} | simulated | {f"figure {n}" for n in whole.figures}
    assert min(expected.values()) > 0
    assert {f"simulation {name}" for name in SECONDS[scale].longer} <= simulated
    assert all(seconds > SECONDS[scale].experiment for seconds in SECONDS[scale].longer.values())


def test_a_terminal_shows_the_whole():
    """In a process of its own on a pseudo-terminal, since the display belongs to it."""
    code = (
        "import pty, sys; pty.spawn([sys.executable, '-c', "
        "'from distort.progress import progress\\n"
        'with progress(dict(slow=2.0)) as begin: begin("slow")("half", 0.5)\'])'
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "all" in shown
    assert "slow" in shown
    assert "left" in shown
