"""Cuts the main job off at random moments, and damages what it made: `python -m benchmarks.kill --kills 20`.

A job is killed (SIGKILL, SIGTERM and Ctrl-C in turn) at moments drawn over the time that an undisturbed one takes, so
over all stages, and started again in the same folder until it has been killed that often; then it is let finish, and
everything in its folder is compared with the undisturbed one, times and reasons left out. Then a file of every kind is
damaged in a finished folder, at random, and the job is called again: the damage must be named in one line, or mended,
or change nothing. `--tiny` takes a job of every stage at its smallest (`tests/support/tiny_job.py`) in the place of
`distort reproduce --scale quick`.
"""

import argparse
import hashlib
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.same_results import differences, numbers

ROOT = Path(__file__).resolve().parents[1]
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
#: Written at the end and full of times and reasons; its numbers are those of the files that it was made from.
TOLD = {"report.html"}
#: What a document says of how it came about.
STORY = {"stages", "environment"}
#: For one call of the job, on a machine that does other work.
PATIENCE_SECONDS = 1800


@dataclass(frozen=True)
class Job:
    """What is cut off."""

    tiny: bool
    workers: int

    def command(self, folder: Path) -> list[str]:
        """The job in a folder."""
        if self.tiny:
            return [sys.executable, "-m", "tests.support.tiny_job", str(folder), str(self.workers)]
        quick = ("reproduce", "--scale", "quick", "--workers", str(self.workers), "--out", str(folder))
        return [sys.executable, "-m", "distort", *quick]

    def start(self, folder: Path) -> subprocess.Popen[str]:
        """Begin it, in a process group of its own."""
        return subprocess.Popen(self.command(folder), cwd=ROOT, text=True, start_new_session=True,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # fmt: skip

    def finish(self, folder: Path) -> tuple[int, str]:
        """Run it to its end: exit status, and what was said."""
        process = self.start(folder)
        _, said = process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode, said.strip()


def contents(folder: Path) -> dict[str, Any]:
    """Every file that somebody reads, by its path: documents as such, the rest by their hashes."""
    readings: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not path.is_file() or hidden or path.name in TOLD | {"manifest.json"} or "states" in name:
            continue
        if path.suffix == ".json":
            readings[name] = story_left_out(numbers(json.loads(path.read_bytes())))
        elif path.suffix == ".jsonl":
            readings[name] = [numbers(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
        elif path.suffix != ".sha256":  # of a document with times
            readings[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return readings


def story_left_out(document: Any) -> Any:
    """A document without how it came about."""
    if not isinstance(document, dict):
        return document
    return {key: value for key, value in document.items() if key not in STORY}


def killed(job: Job, folder: Path, kills: int, seconds: float, draw: random.Random) -> list[dict[str, Any]]:
    """Cut the job off again and again; what was done when."""
    done = []
    while len(done) < kills:
        how, moment = SIGNALS[len(done) % len(SIGNALS)], draw.uniform(0.02, 0.9) * seconds
        process = job.start(folder)
        try:
            process.wait(timeout=moment)
        except subprocess.TimeoutExpired:
            process.send_signal(how)
        _, said = process.communicate(timeout=PATIENCE_SECONDS)
        published = len(list(folder.rglob("manifest.json")))
        entry = {"signal": how.name, "after": round(moment, 1), "status": process.returncode, "published": published}
        done.append(entry)
        if said and how is not signal.SIGINT:
            entry["said"] = said[-300:]
        print(f"  {entry}", flush=True)
        if process.returncode == 0:  # it was done before: begin anew, so that every kill meets some work
            shutil.rmtree(folder)
    return done


def damages(draw: random.Random) -> Iterator[tuple[str, Any]]:
    """Ways to damage a file, endlessly."""

    def flip(path: Path) -> None:
        content = bytearray(path.read_bytes())
        if content:
            content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        path.write_bytes(content)

    def cut(path: Path) -> None:
        path.write_bytes(path.read_bytes()[: draw.randrange(max(1, path.stat().st_size))])

    def grow(path: Path) -> None:
        path.write_bytes(path.read_bytes() + b"\0" * 10)

    def replace(path: Path) -> None:
        path.unlink()
        path.mkdir()

    ways = (("a bit", flip), ("cut off", cut), ("longer", grow), ("gone", Path.unlink), ("a folder instead", replace))
    while True:
        yield draw.choice(ways)


def kinds(folder: Path) -> dict[str, list[Path]]:
    """The files of a finished folder by their kind: where they lie and what they are called, without hashes."""
    folders: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith(".") for part in parts):
            name = path.name if path.suffix in (".json", ".jsonl", ".npz") or len(parts) < 3 else f"*{path.suffix}"
            folders.setdefault("/".join((*parts[:2], name) if len(parts) > 2 else parts), []).append(path)
    return folders


def damaged(job: Job, folder: Path, whole: dict[str, Any], rounds: int, draw: random.Random) -> list[dict[str, Any]]:
    """A file of every kind damaged, the job called again, and what came of it."""
    ways, findings = damages(draw), []
    for kind in list(kinds(folder)) * rounds:
        files = kinds(folder).get(kind)
        if not files:
            continue
        path, (way, damage) = draw.choice(files), next(ways)
        damage(path)
        status, said = job.finish(folder)
        if status == 0:
            outcome = "mended" if not list(differences(whole, contents(folder), "", 0.0)) else "WRONG AND NOT SAID"
        else:
            named = len(said.splitlines()) == 1 and path.name in said
            outcome = "named" if named else f"STATUS {status}: {said[-300:]}"
            shutil.rmtree(folder)
            job.finish(folder)
        findings.append({"kind": kind, "damage": way, "outcome": outcome})
        print(f"  {findings[-1]}", flush=True)
    return findings


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="for each number of workers")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--damages", type=int, default=1, help="of every kind of file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tiny", action="store_true", help="the smallest job of every stage")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "kill.json")
    arguments = parser.parse_args()
    draw, bad, told = random.Random(arguments.seed), 0, []
    with tempfile.TemporaryDirectory() as scratch:
        for workers in arguments.workers:
            job = Job(arguments.tiny, workers)
            alone, disturbed = Path(scratch) / f"alone-{workers}", Path(scratch) / f"killed-{workers}"
            started = time.monotonic()
            status, said = job.finish(alone)
            if status:
                raise SystemExit(f"the undisturbed job ended with {status}: {said}")
            seconds = time.monotonic() - started
            print(f"{workers} workers: undisturbed in {seconds:.0f} s", flush=True)
            kills = killed(job, disturbed, arguments.kills, seconds, draw)
            status, said = job.finish(disturbed)
            whole = contents(alone)
            differ = list(differences(whole, contents(disturbed), "", 0.0)) if status == 0 else [said]
            print(f"{workers} workers: {len(differ)} differences after {len(kills)} kills", flush=True)
            told.append({**asdict(job), "seconds": round(seconds), "files": len(whole), "kills": kills,
                         "differences": differ[:20], "damages": []})  # fmt: skip
            bad += len(differ)
        told[-1]["damages"] = damaged(job, disturbed, whole, arguments.damages, draw)
        bad += sum(entry["outcome"] not in ("mended", "named") for entry in told[-1]["damages"])
    arguments.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
