"""Runs the small suite in a process of its own, every run saved in its middle, to be killed at will."""

import sys
from pathlib import Path

from artifacts.runtime import prepare_jax

if __name__ == "__main__":
    prepare_jax()
    from empirical import run_suite
    from empirical.runs import training
    from tests.support.small_suite import SUITE, workspace

    training.LONG_RUN = 0
    run_suite(SUITE, workspace(Path(sys.argv[1])))
