"""The main job as something to disturb: started in a process of its own, and its folder read for comparison."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.same_results import differences, numbers

ROOT = Path(__file__).resolve().parents[1]
#: Documents full of times and reasons; their numbers are those of the files that they were made from.
TOLD = frozenset({"report.html", "manifest.json"})
#: What a document says of how it came about; the hash of a page that has times in it.
STORY = frozenset({"stages", "environment", "page"})
#: How lines begin that tell how far a job is; any other line on standard error is a complaint.
TELLING = ("distort: the scale ", "distort: after ")
#: For one call of the job, on a machine that does other work.
PATIENCE_SECONDS = 1800


@dataclass(frozen=True)
class Job:
    """What is disturbed: `distort reproduce --scale quick`, or a job of every stage at its smallest."""

    tiny: bool
    workers: int

    def command(self, folder: Path) -> list[str]:
        """The job in a folder."""
        if self.tiny:
            return [sys.executable, "-m", "tests.support.tiny_job", str(folder), str(self.workers)]
        quick = ("reproduce", "--scale", "quick", "--workers", str(self.workers), "--out", str(folder))
        return [sys.executable, "-m", "distort", *quick]

    def start(self, folder: Path) -> subprocess.Popen[str]:
        """Begin it, in a process group of its own, as a shell would."""
        return subprocess.Popen(self.command(folder), cwd=ROOT, text=True, start_new_session=True,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # fmt: skip

    def finish(self, folder: Path) -> tuple[int, str]:
        """Run it to its end: exit status and complaints."""
        return ended(self.start(folder))


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a job and its workers, which share its standard error: exit status and complaints."""
    _, said = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, "\n".join(line for line in said.splitlines() if not line.startswith(TELLING))


def contents(folder: Path) -> dict[str, Any]:
    """Every file that somebody reads, by its path: documents without times, the rest by their hashes."""
    readings: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or hidden(path, folder) or path.name in TOLD:
            continue
        if path.suffix == ".json":
            readings[name] = _story_left_out(numbers(json.loads(path.read_bytes())))
        elif path.suffix == ".jsonl":
            readings[name] = [numbers(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
        elif path.suffix != ".sha256":  # of a document with times
            readings[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return readings


def apart(whole: Mapping[str, Any], folder: Path) -> list[str]:
    """Where a finished folder differs from the contents of an undisturbed one; what is left half written counts."""
    left = [f"{path.relative_to(folder)}: left half written" for path in folder.rglob(".partial-*")]
    return [*differences(dict(whole), contents(folder), "", 0.0), *left]


def hidden(path: Path, folder: Path) -> bool:
    """Whether a path below the folder is a lock or lies in a hidden folder."""
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _story_left_out(document: Any) -> Any:
    if not isinstance(document, dict):
        return document
    return {key: value for key, value in document.items() if key not in STORY}
