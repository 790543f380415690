"""What one machine wrote and another is to read: network file systems show it after a while."""

import os
import time

from artifacts.directory import MANIFEST
from empirical.benchmark.run import Run

#: Longer than NFS keeps believing that a directory has not changed (`acdirmax`, 60 s unless it is mounted otherwise).
PATIENCE_SECONDS = 90.0
LOOK_SECONDS = 0.5


def await_dependencies(run: Run, *, patience: float = PATIENCE_SECONDS) -> None:
    """Wait until what the run depends on is seen here: it was said to be finished, perhaps by another machine.

    Returns when patience ends, too: what is missing then is missing, and the run says so itself. No clock but this
    process's own is looked at.
    """
    deadline = time.monotonic() + patience
    for needed in run.dependencies:
        manifest = needed.folder / MANIFEST
        while not manifest.is_file() and time.monotonic() < deadline:
            if manifest.parent.parent.is_dir():
                os.listdir(manifest.parent.parent)  # asks the server anew
            time.sleep(LOOK_SECONDS)
