"""Cuts the main job off at random moments, and damages what it made: `python -m benchmarks.kill --tiny --kills 20`.

A job is cut off at moments drawn over the time that an undisturbed one takes, so over all stages, and started again in
the same folder: by SIGKILL, by SIGTERM, by Ctrl-C as a terminal sends it, and, where it has workers, by the death of a
worker, as the system ends one where memory runs out. Whenever a job gets to its end, its folder is compared with that
of an undisturbed one, times and reasons left out, and the next begins in an empty one. Then everything in a finished
folder is damaged (`benchmarks.damage`).

`--tiny` takes a job of every stage at its smallest (`tests/support/tiny_job.py`) in the place of
`distort reproduce --scale quick`. Ends with status 1 where a result differs, a damage is neither named nor mended, or
a job ends in another way or later than it should.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tyro

from artifacts import environment
from artifacts.files import write_json
from benchmarks.damage import Damage, damaged
from benchmarks.disturbed_job import ROOT, Job, apart, contents, ended
from distort.interruption import INTERRUPTED, MESSAGE
from distort.workers import WORKER_DIED

#: What is promised of Ctrl-C, for a job with all its workers.
SOON_SECONDS = 2.0
#: A job that is done takes so long to leave: a signal that comes then ends nothing.
AT_ITS_END_SECONDS = 0.2
DEATH = "death of a worker"
PARTS = ("theory", "simulations", "benchmark", "figures")


@dataclass(frozen=True, kw_only=True)
class Kill:
    """Which job, and how often it is disturbed."""

    tiny: bool = False
    """The smallest job of every stage."""
    kills: int = 20
    """For each number of workers."""
    workers: tuple[int, ...] = (1, 2)
    """Numbers of workers, one job each."""
    damages: int = 1
    """Ways in which every kind of file and folder is damaged; there are six for files."""
    seed: int = 0
    """Decides moments and damages."""
    out: Path | None = None
    """File for the result, which is written as far as it is after every number of workers."""

    @property
    def command(self) -> str:
        """What was asked for, wherever the result goes."""
        workers = " ".join(map(str, self.workers))
        asked = f"--kills {self.kills} --workers {workers} --damages {self.damages} --seed {self.seed}"
        return f"python -m benchmarks.kill {'--tiny ' if self.tiny else ''}{asked}"


@dataclass(frozen=True)
class CutOff:
    """How a job was cut off, and how it ended.

    Attributes:
      after: seconds from its start.
      published: results that its folder then held, by part.
      ended_in: seconds until the job and all its workers were gone.
      said: its complaints.
    """

    way: str
    after: float
    published: dict[str, int]
    ended_in: float
    status: int
    said: str

    @property
    def is_as_promised(self) -> bool:
        """Whether status, words and time are what the way of ending it asks for."""
        if self.way == "Ctrl-C":
            return (self.status, self.said) == (INTERRUPTED, MESSAGE) and self.ended_in <= SOON_SECONDS
        if self.way == DEATH:  # one whose work was done is not missed
            return self.status == 0 or (self.status == 1 and self.said == f"distort: {WORKER_DIED}")
        return (self.status, self.said) == (-getattr(signal, self.way), "")


def cut_off(job: Job, folder: Path, way: str, seconds: float, draw: random.Random) -> CutOff | None:
    """Start the job and cut it off within so many seconds; None where it came to its end before."""
    process, moment = job.start(folder), draw.uniform(0, seconds)
    try:
        process.wait(timeout=moment)
        status, said = ended(process)
        if status:
            raise SystemExit(f"the job ended by itself with {status}: {said}")
        return None
    except subprocess.TimeoutExpired:
        published = {part: len(list((folder / part).rglob("manifest.json"))) for part in PARTS}
        way = _send(process, way, draw)
        sent = time.monotonic()
    status, said = ended(process)
    ended_in = round(time.monotonic() - sent, 2)
    if status == 0 and way != DEATH and ended_in <= AT_ITS_END_SECONDS:  # over before the signal came
        return None
    return CutOff(way, round(moment, 1), published, ended_in, status, said)


def _send(process: subprocess.Popen[str], way: str, draw: random.Random) -> str:
    """End a job in this way; where it has no worker, by SIGKILL in the place of a worker's death."""
    workers = _workers(process.pid) if way == DEATH else []
    if workers:
        os.kill(draw.choice(workers), signal.SIGKILL)
        return way
    if way == "Ctrl-C":
        os.killpg(process.pid, signal.SIGINT)
        return way
    number = signal.SIGTERM if way == "SIGTERM" else signal.SIGKILL
    process.send_signal(number)
    return number.name


def _workers(process: int) -> list[int]:
    """Processes that a job has started to share its work; `multiprocessing` has one more, which does none."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def kills(job: Job, scratch: Path, whole: dict[str, Any], config: Kill, seconds: float, draw: random.Random) -> Any:
    """Cut a job off as often as asked; what was done, how many folders got finished, where they differ."""
    ways = ("SIGKILL", "SIGTERM", "Ctrl-C", *([DEATH] if job.workers > 1 else []))
    folder, done, differ, finished = scratch / f"killed-{job.workers}", [], [], 0
    while True:
        if len(done) < config.kills:
            disturbed = cut_off(job, folder, ways[len(done) % len(ways)], seconds, draw)
        else:
            status, said = job.finish(folder)
            if status:
                raise SystemExit(f"the job ended with {status} after {len(done)} kills: {said}")
            disturbed = None
        if disturbed is not None:
            done.append(disturbed)
            print(f"  {'' if disturbed.is_as_promised else 'NOT AS PROMISED '}{disturbed}", flush=True)
        if disturbed is None or disturbed.status == 0:
            finished += 1
            differ += apart(whole, folder)
            print(f"  finished: {len(differ)} differences so far", flush=True)
            shutil.rmtree(folder)
            if len(done) >= config.kills:
                return done, finished, differ


def disturbances(job: Job, scratch: Path, config: Kill, draw: random.Random) -> dict[str, Any]:
    """A job without disturbance, twice, and then with."""
    alone, again = scratch / f"alone-{job.workers}", scratch / f"again-{job.workers}"
    for folder in (alone, again):  # the second finds compiled what all that follow will find compiled
        started = time.monotonic()
        status, said = job.finish(folder)
        if status or said:
            raise SystemExit(f"the undisturbed job ended with {status}: {said}")
        seconds = time.monotonic() - started
    whole = contents(alone)
    unequal = apart(whole, again)
    print(f"{job.workers} workers: undisturbed in {seconds:.0f} s, {len(unequal)} differences of two", flush=True)
    done, finished, differ = kills(job, scratch, whole, config, seconds, draw)
    print(f"{job.workers} workers: {len(done)} kills, {finished} folders, {len(differ)} differences", flush=True)
    return {
        **asdict(job), "seconds": round(seconds, 1), "files": len(whole), "kills": [asdict(kill) for kill in done],
        "not_as_promised": sum(not kill.is_as_promised for kill in done),
        "slowest_interrupt": max((kill.ended_in for kill in done if kill.way == "Ctrl-C"), default=None),
        "folders": finished, "differences": [*unequal, *differ],
    }  # fmt: skip


def main(config: Kill) -> int:
    draw, load = random.Random(config.seed), os.getloadavg()
    jobs = [Job(config.tiny, workers) for workers in config.workers]
    told: list[dict[str, Any]] = []
    damages: list[Damage] = []
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        for job in jobs:
            told.append(disturbances(job, scratch, config, draw))
            write(config, told, damages, load)
        damages += damaged([(job, scratch / f"alone-{job.workers}") for job in jobs], config.damages, draw)
    return 1 if write(config, told, damages, load) else 0


def write(config: Kill, told: list[dict[str, Any]], damages: list[Damage], load: tuple[float, ...]) -> int:
    """Write the result as far as it is; the number of findings."""
    bad = sum(len(job["differences"]) + job["not_as_promised"] for job in told)
    bad += sum(not damage.is_accepted for damage in damages)
    print(f"{len(damages)} damages; {bad} findings", flush=True)
    if config.out is not None:
        machine = {"processors": len(os.sched_getaffinity(0)), "load_before": load, "load_after": os.getloadavg()}
        write_json(config.out, {"command": config.command, "jobs": told,
                                "damages": [asdict(damage) for damage in damages], "findings": bad,
                                "machine": machine, "environment": environment()})  # fmt: skip
    return bad


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(tyro.cli(Kill)))
