"""Ctrl-C ends every command soon and in one line, whatever it is doing: importing, compiling, computing, waiting."""

import os
import signal
import subprocess
import sys
import time

import pytest

from distort.interruption import INTERRUPTED, MESSAGE
from tests.support import ROOT

#: The promise is a second or two; a test machine may do other work.
PATIENCE_SECONDS = 20
STARTED = """
from distort import __main__
print("up", flush=True)
__main__.run()
"""
STUBBORN = """
import time
from distort.interruption import end_when_interrupted
end_when_interrupted()
print("ready", flush=True)
while True:
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pass  # as a collector's callback does
"""
#: In a callback of the garbage collector, as JAX has one: what is raised there is printed and lost.
COLLECTING = """
import gc, time
from distort.interruption import end_when_interrupted
gc.callbacks.append(lambda phase, info: time.sleep(0.005))
end_when_interrupted()
print("ready", flush=True)
while True:
    gc.collect()
"""
#: Something outside is let go of, which takes a while and fails; the line is not kept waiting.
HOLDING = """
import time
from artifacts.interrupts import held_elsewhere
from distort.interruption import end_when_interrupted
def release():
    time.sleep(0.5)
    print("let go", flush=True)
    raise RuntimeError("it is gone already")
end_when_interrupted()
with held_elsewhere(lambda: print("twice", flush=True)), held_elsewhere(release):
    print("ready", flush=True)
    time.sleep(60)
"""


def started(*command: str) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, *command], env=environment, cwd=ROOT, text=True, start_new_session=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


@pytest.mark.parametrize("moment", [1.0, 2.0, 3.0, 5.7, 9.0])
def test_a_command_that_computes_ends_at_once_and_in_one_line(moment):
    process = started("-c", STARTED, "theory", "verify", "--all", "--examples", "100000")
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(moment)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out, err) == (INTERRUPTED, "", f"{MESSAGE}\n")


@pytest.mark.parametrize("code", [STUBBORN, COLLECTING])
def test_what_would_swallow_an_interrupt_is_ended_and_nothing_else_is_printed(code):
    process = started("-c", code)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out, err) == (INTERRUPTED, "", f"{MESSAGE}\n")


@pytest.mark.parametrize(("presses", "output"), [(1, "let go\ntwice\n"), (2, "")])
def test_what_is_held_elsewhere_is_let_go_of_unless_the_user_does_not_wait(presses, output):
    process = started("-c", HOLDING)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline() == f"{MESSAGE}\n"
    for _ in range(presses - 1):
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out, err) == (INTERRUPTED, output, "")


@pytest.mark.parametrize("moment", [0.3, 3.0])
def test_workers_leave_the_word_to_the_process_that_started_them(tmp_path, moment):
    process = started("-c", STARTED, "reproduce", "--scale", "quick", "--workers", "2", "--out", str(tmp_path / "out"))
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(moment)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    *before, last = err.splitlines()
    assert (process.returncode, out, last) == (INTERRUPTED, "", MESSAGE)
    assert all(line.startswith("distort: the scale quick takes about") for line in before)
