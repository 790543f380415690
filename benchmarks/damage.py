"""Damages a finished results folder in every way and calls the job again: named in one line, mended, or harmless."""

import json
import random
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.disturbed_job import Job, apart, contents, hidden

#: Names of runs: hashes of what they are.
HASH = re.compile(r"[0-9a-f]{16}")
#: Nobody reads what is in a lock or in the folder's mark.
UNREAD = (".lock", "distort-results.json")
#: Features are kept for probes to come; where probes are gone they are read.
FEATURES, PROBES = "benchmark/features/", "benchmark/probes"
#: A line that tells of a document that was put aside, beside the one that says what is wrong.
PUT_ASIDE = re.compile(r" kept as [\w.]+\.json\.$")


@dataclass(frozen=True)
class Damage:
    """What was done to a file or folder, and what came of it.

    Attributes:
      kind: where it lies and what it is called, without hashes; a folder's ends with a slash.
      outcome: `mended` (made again, and equal), `named` (refused in one line that names it), `harmless` (nobody reads
        it), or what went wrong.
    """

    kind: str
    way: str
    outcome: str

    @property
    def is_accepted(self) -> bool:
        """Whether nobody was misled."""
        return self.outcome in ("mended", "named", "harmless")


def damaged(jobs: list[tuple[Job, Path]], rounds: int, draw: random.Random) -> list[Damage]:
    """A file of every kind damaged, each time in a fresh copy of a finished folder, and the job called again.

    Args:
      jobs: each with a folder that it has finished; taken in turn.
      rounds: ways in which every kind is damaged; beyond all ways they are done again, elsewhere in the files.
    """
    findings = []
    for turn in range(rounds):
        for index, kind in enumerate(kinds(jobs[0][1])):
            ways = FOLDER_WAYS if kind.endswith("/") else FILE_WAYS
            name = list(ways)[(index + turn) % len(ways)]
            job, finished = jobs[(index + turn) % len(jobs)]
            folder = finished.with_name("damaged")
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(finished, folder)
            peers = kinds(folder)[kind]
            path = draw.choice(peers)
            ways[name](path, [peer for peer in peers if peer != path], draw)
            if kind.startswith(FEATURES):
                shutil.rmtree(folder / PROBES)
            findings.append(Damage(kind, name, _outcome(job, folder, path, contents(finished))))
            print(f"  {findings[-1]}", flush=True)
    return findings


def kinds(folder: Path) -> dict[str, list[Path]]:
    """Everything in a finished folder, by its kind."""
    by_kind: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if not (path.is_dir() and hidden(path, folder)):
            kind = HASH.sub("*", path.relative_to(folder).as_posix()) + ("/" if path.is_dir() else "")
            by_kind.setdefault(re.sub(r"^figures/([.]?)\w+", r"figures/\1*", kind), []).append(path)
    return by_kind


def _outcome(job: Job, folder: Path, path: Path, whole: Mapping[str, Any]) -> str:
    before = _snapshot(path)
    status, said = job.finish(folder)
    if status:
        lines = [line for line in said.splitlines() if not PUT_ASIDE.search(line)]
        is_named = len(lines) == 1 and (path.name in lines[0] or path.parent.name in lines[0])
        return "named" if is_named else f"STATUS {status}: {said[-300:]}"
    try:
        differ = apart(whole, folder)
    except (OSError, json.JSONDecodeError, UnicodeDecodeError) as error:
        return f"WRONG AND NOT SAID: {error}"
    if differ:
        return f"WRONG AND NOT SAID: {'; '.join(differ[:3])[:300]}"
    if _snapshot(path) != before:
        return "mended"
    return "harmless" if path.name.endswith(UNREAD) else "LEFT AND NOT SAID"


def _snapshot(path: Path) -> Any:
    """What is at a path: bytes of a file, of all files of a folder; None for nothing."""
    if path.is_dir():
        return {str(file): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}
    return path.read_bytes() if path.exists() else None


def _flipped(path: Path, peers: list[Path], draw: random.Random) -> None:
    content = bytearray(path.read_bytes() or b"\0")
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    path.write_bytes(content)


def _cut(path: Path, peers: list[Path], draw: random.Random) -> None:
    path.write_bytes(path.read_bytes()[: draw.randrange(max(1, path.stat().st_size))])


def _grown(path: Path, peers: list[Path], draw: random.Random) -> None:
    path.write_bytes(path.read_bytes() + b"\0" * 10)


def _removed(path: Path, peers: list[Path], draw: random.Random) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _a_folder_instead(path: Path, peers: list[Path], draw: random.Random) -> None:
    path.unlink()
    path.mkdir()


def _a_file_instead(path: Path, peers: list[Path], draw: random.Random) -> None:
    shutil.rmtree(path)
    path.write_bytes(b"")


def _emptied(path: Path, peers: list[Path], draw: random.Random) -> None:
    shutil.rmtree(path)
    path.mkdir()


def _exchanged(path: Path, peers: list[Path], draw: random.Random) -> None:
    """Another of its kind in its place; of which there is one, nothing in it."""
    if not peers:
        path.write_bytes(b"") if path.is_file() else _emptied(path, peers, draw)
    elif path.is_file():
        shutil.copy(draw.choice(peers), path)
    else:
        shutil.rmtree(path)
        shutil.copytree(draw.choice(peers), path)


Way = Callable[[Path, list[Path], random.Random], None]
FILE_WAYS: Mapping[str, Way] = {"a bit": _flipped, "cut off": _cut, "longer": _grown, "gone": _removed,
                                "a folder instead": _a_folder_instead, "another's": _exchanged}  # fmt: skip
FOLDER_WAYS: Mapping[str, Way] = {"gone": _removed, "empty": _emptied, "a file instead": _a_file_instead,
                                  "another's": _exchanged}  # fmt: skip
