"""Runs the parts one after another, each in a process of its own, and says what became of each.

Nothing here imports JAX: the device belongs to the parts.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from artifacts.files import write_json
from benchmarks.gpu.parts import Part
from benchmarks.gpu.setting import Setting

ROOT = Path(__file__).resolve().parents[2]
#: Seconds that a part has to end by itself before it is ended.
GRACE = 10.0
LINES = 40


def run(parts: Sequence[Part], setting: Setting, *, seconds: float, packages: dict[str, str]) -> dict[str, Any]:
    """The parts in order, within `seconds` in all; the summary, which is written after each of them.

    The last part gets all the time that is left.
    """
    ends = time.time() + seconds
    summary: dict[str, Any] = {"command": setting.command, "missing_packages": packages, "parts": {}}
    for index, part in enumerate(parts):
        left = ends - time.time()
        last = index == len(parts) - 1
        share = left if last else min(left, part.seconds * seconds / sum(other.seconds for other in parts))
        if share < 2 * GRACE:
            summary["parts"][part.name] = {"state": "not begun: no time was left"}
        else:
            summary["parts"][part.name] = _run(part, setting, share)
        write_json(setting.out / "summary.json", summary)
        print(f"{part.name}: {summary['parts'][part.name]['state']}", flush=True)
    return summary


def _run(part: Part, setting: Setting, seconds: float) -> dict[str, Any]:
    began = time.time()
    told = setting.scratch / f"{part.name}.setting.json"
    log = setting.scratch / f"{part.name}.log"
    replace(setting, ends=began + seconds - GRACE).save(told)
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.gpu.inside", part.name, part.module, str(told)],
            stdout=stream, stderr=subprocess.STDOUT, cwd=ROOT, start_new_session=True,
        )  # fmt: skip
        try:
            status = process.wait(timeout=seconds)
            state = "done" if status == 0 else f"failed with status {status}"
        except subprocess.TimeoutExpired:
            state = f"cut off after {seconds:.0f} s"
        finally:
            _end(process)  # and whatever it has started
    return {
        "state": state, "seconds": round(time.time() - began, 1), **_found(setting.out / f"{part.name}.json", began),
        "log": [] if state == "done" else log.read_text(errors="replace").strip().splitlines()[-LINES:],
    }  # fmt: skip


def _end(process: subprocess.Popen) -> None:
    """End a part with all its children, which share its process group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


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
        lines += [f"  failed: {name}: {why}" for name, why in part.get("failed", {}).items()]
        lines += [f"  left out: {name}: {why}" for name, why in part.get("left_out", {}).items()]
        lines += [f"  | {line}" for line in part.get("log", [])]
    return "\n".join(lines)


def complete(summary: dict[str, Any]) -> bool:
    return all(part["state"] == "done" for part in summary["parts"].values())
