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
import sys, time
from distort.interruption import interruptible
with interruptible():
    while True:
        try:
            print("ready", flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            pass  # as a collector's callback does
"""


def started(*command: str) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, *command], env=environment, cwd=ROOT, text=True,
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


def test_a_command_that_swallows_the_interrupt_is_ended_all_the_same():
    process = started("-c", STUBBORN)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, err) == (INTERRUPTED, f"{MESSAGE}\n")
