"""Runs the parts, each in a process of its own, and says what became of each.

One part runs beside the others, which follow each other; it is stopped while they time something (`quiet`).

Nothing here imports JAX: the device belongs to the parts.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from artifacts.files import write_json
from benchmarks.gpu.quiet import signalled
from benchmarks.gpu.setting import Setting

ROOT = Path(__file__).resolve().parents[2]
#: Seconds that a part has to end by itself before it is ended.
GRACE = 10.0
LINES = 40


@dataclass(frozen=True)
class Part:
    """A part, the module that measures it, and the seconds that it gets in a run of everything on a GPU.

    `beside`: it gets all seconds, beside the others.
    """

    name: str
    module: str
    seconds: float
    beside: bool = False


#: The most valuable first.
PARTS = (
    Part("correct", "benchmarks.gpu.correct", 180),
    Part("office", "benchmarks.gpu.office", 540, beside=True),
    Part("rates", "benchmarks.gpu.rates", 250),
    Part("feeding", "benchmarks.gpu.feeding", 100),
)


def run(parts: Sequence[Part], setting: Setting, *, seconds: float, packages: dict[str, str]) -> dict[str, Any]:
    """The parts within `seconds` in all; the summary, which is written after each of them.

    The last of those that follow each other gets all the time that is left.
    """
    ends = time.time() + seconds
    summary: dict[str, Any] = {"command": setting.command, "missing_packages": packages, "parts": {}}

    def said(running: "_Running") -> None:
        summary["parts"][running.part.name] = running.ended()
        write_json(setting.out / "summary.json", summary)
        print(f"{running.part.name}: {summary['parts'][running.part.name]['state']}", flush=True)

    background = [_Running(part, setting, ends) for part in parts if part.beside]
    alone = [part for part in parts if not part.beside]
    try:
        setting = replace(setting, beside=background[0].group if background else None)
        for place, part in enumerate(alone):
            left = ends - time.time()
            share = min(left, part.seconds * seconds / sum(one.seconds for one in alone))
            if place == len(alone) - 1:
                share = left
            if share < 2 * GRACE:
                summary["parts"][part.name] = {"state": "not begun: no time was left"}
            else:
                said(_Running(part, setting, time.time() + share))
            signalled(setting.beside, signal.SIGCONT)  # a part that was cut off has left it stopped
        for running in background:
            said(running)
    finally:
        for running in background:
            running.end()
    return summary


class _Running:
    """A part's process, which is ended at a time if it has not ended by itself."""

    def __init__(self, part: Part, setting: Setting, ends: float):
        self.part, self._setting, self._began, self._ends = part, setting, time.time(), ends
        told = setting.scratch / f"{part.name}.setting.json"
        replace(setting, ends=ends - GRACE).save(told)
        self._log = setting.scratch / f"{part.name}.log"
        with self._log.open("wb") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.gpu.inside", part.name, part.module, str(told)],
                stdout=stream, stderr=subprocess.STDOUT, cwd=ROOT, start_new_session=True,
            )  # fmt: skip

    @property
    def group(self) -> int:
        """Of processes: the part and all its children."""
        return self._process.pid

    def ended(self) -> dict[str, Any]:
        """Wait; what became of it."""
        try:
            status = self._process.wait(timeout=max(self._ends - time.time(), 0))
            state = "done" if status == 0 else f"failed with status {status}"
        except subprocess.TimeoutExpired:
            state = f"cut off after {time.time() - self._began:.0f} s"
        finally:
            self.end()  # and whatever it has started
        return {
            "state": state, "seconds": round(time.time() - self._began, 1),
            **_found(self._setting.out / f"{self.part.name}.json", self._began),
            "log": [] if state == "done" else self._log.read_text(errors="replace").strip().splitlines()[-LINES:],
        }  # fmt: skip

    def end(self) -> None:
        """End it with all its children, which share its process group."""
        signalled(self.group, signal.SIGKILL)
        self._process.wait()


def _found(path: Path, began: float) -> dict[str, Any]:
    """What the part's file says it did; an older file says nothing."""
    if not path.exists() or path.stat().st_mtime < began - 1:
        return {"measured": [], "failed": {}, "left_out": {}}
    document = json.loads(path.read_bytes())
    return {
        "measured": list(document["measured"]),
        "failed": {name: failure["error"][:500] for name, failure in document["failed"].items()},
        "left_out": document["left_out"],
    }


def text(summary: dict[str, Any]) -> str:
    """A few lines for a person."""
    lines = [f"missing: {name} ({why})" for name, why in summary["missing_packages"].items()]
    for name, part in summary["parts"].items():
        lines.append(f"{name}: {part['state']} ({part.get('seconds', 0)} s, {len(part.get('measured', []))} measured)")
        lines += [f"  failed: {one}: {why}" for one, why in part.get("failed", {}).items()]
        lines += [f"  left out: {one}: {why}" for one, why in part.get("left_out", {}).items()]
        lines += [f"  | {line}" for line in part.get("log", [])]
    return "\n".join(lines)


def complete(summary: dict[str, Any]) -> bool:
    return all(part["state"] == "done" for part in summary["parts"].values())
