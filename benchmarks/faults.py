"""Faults injected into a running suite, and what came of it: `python -m benchmarks.faults [--only NAME] [--out FILE]`.

Each fault meets a scheduler, two nodes and a client, each in processes of its own, while they train. Afterwards what
was lost is started again, the client's command is repeated, and the folder is compared with that of a suite that was
left alone: the same `benchmark.json`, byte for byte, every run once. A full disk needs the right to mount.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tyro

from artifacts import environment, published
from artifacts.files import write_json
from benchmarks.fault_machines import POISON, ROOT, Machines, machines

UNITS = 9
#: What nodes import; a copy of it with one line more is another version.
PACKAGES = ("artifacts", "theory", "simulations", "empirical", "bridge", "figures", "distort", "benchmarks")
DAY = 86_400


@dataclass(frozen=True)
class Survival:
    """What a fault did.

    Attributes:
      said: the client's own last line at the fault, where it ended; what it set aside, where it went on.
      finished: whether the suite was whole after the command was repeated.
      equal: whether the document is that of the undisturbed suite, byte for byte.
      runs, runs_made: directories in the end, and how many were made, again included.
      cut_off: units whose work was lost in their middle.
      made_twice: units whose finished work was made again, as damage demands.
    """

    fault: str
    said: str
    finished: bool
    equal: bool
    runs: int
    runs_made: int
    cut_off: int
    made_twice: int
    seconds: float

    @property
    def survived(self) -> bool:
        return self.finished and self.equal and self.runs == UNITS


Fault = Callable[[Machines], str]


def killed_worker(cluster: Machines) -> str:
    """SIGKILL of a worker in the middle of a run; its nanny starts another."""
    client = cluster.start_client()
    os.kill(cluster.wait_for_a_run(), signal.SIGKILL)
    return _said(cluster, client)


def killed_node(cluster: Machines) -> str:
    """SIGKILL of all processes of a node, in the middle of a run."""
    client = cluster.start_client()
    group = os.getpgid(cluster.wait_for_a_run())
    cluster.kill(next(process for process in cluster.processes if process.pid == group))
    return _said(cluster, client)


def killed_scheduler(cluster: Machines) -> str:
    """SIGKILL of the scheduler while runs are made; nodes and client end by themselves, and all are started again."""
    client = cluster.start_client()
    cluster.wait_for_a_run()
    cluster.kill(cluster.processes[0])
    said = _said(cluster, client)
    for node in cluster.processes[1:3]:
        node.wait(timeout=120)
    cluster.start_scheduler()
    for _ in range(2):
        cluster.start_node()
    return said


def killed_client(cluster: Machines) -> str:
    """SIGKILL of the client; the workers finish what they have in work while the next client is at it already."""
    client = cluster.start_client()
    cluster.wait_for_a_run()
    cluster.kill(client)
    return f"ended with {client.returncode}"


def interrupted_client(cluster: Machines) -> str:
    """Ctrl-C."""
    client = cluster.start_client()
    cluster.wait_for_a_run()
    client.send_signal(signal.SIGINT)
    client.communicate(timeout=60)
    return f"ended with {client.returncode}"


def full_disk(cluster: Machines) -> str:
    """No space in the middle of the suite; later there is more."""
    with _mounted(cluster, "size=600k") as remount:
        said = _said(cluster, cluster.start_client())
        remount("size=64m")
        _keep(cluster)
    return said


def read_only_folder(cluster: Machines) -> str:
    """Nothing can be added to the results folder from the middle of a run on; later it can."""
    client = cluster.start_client()
    cluster.wait_for_a_run()
    folders = [cluster.results, *(path for path in cluster.results.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    said = _said(cluster, client)
    for folder in folders:
        folder.chmod(0o755)
    return said


def corrupted_runs(cluster: Machines) -> str:
    """Between two calls: a changed array, a cut-off result, a cut-off manifest, a missing directory."""
    cluster.complete()
    runs = sorted(path.parent for path in (cluster.results / "benchmark" / "runs").glob("*/manifest.json"))
    array = runs[0] / "selected.safetensors"
    content = bytearray(array.read_bytes())
    content[len(content) // 2] ^= 1
    array.write_bytes(content)
    (runs[1] / "result.json").write_bytes(b'{"run": ')
    (runs[2] / "manifest.json").write_bytes(b"{")
    shutil.rmtree(runs[3])
    return "four runs damaged"


def another_version(cluster: Machines) -> str:
    """A node of other code joins, alone at first: the client says so and ends. Then beside a node of the client's."""
    source = cluster.folder / "other"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__", "results"))
    with (source / "empirical" / "metrics.py").open("a", encoding="utf-8") as stream:
        stream.write("\nANOTHER_VERSION = True\n")
    for node in cluster.processes[1:3]:
        cluster.kill(node)
    cluster.start_node(source=source)
    said = _said(cluster, cluster.start_client())
    cluster.start_node(source=source)
    cluster.start_node()
    return said


def skewed_clocks(cluster: Machines) -> str:
    """One node's clock is a day ahead, another's a day behind; times of finished files are years off."""
    for node in cluster.processes[1:3]:
        cluster.kill(node)
    for days in (1, -1):
        folder = cluster.folder / f"clock{days}"
        folder.mkdir()
        code = f"import time\n_real = time.time\ntime.time = lambda: _real() + {days * DAY}\n"
        (folder / "sitecustomize.py").write_text(code, encoding="utf-8")
        cluster.start_node(first_on_path=folder)
    client = cluster.start_client()
    cluster.wait_for_a_run()
    cluster.kill(client)
    for number, file in enumerate(sorted((cluster.results / "benchmark").rglob("*.json*"))):
        at = time.time() + (-1) ** number * 3000 * DAY
        os.utime(file, (at, at))
    return "clocks a day ahead and behind, files 3000 days"


def poisoned_unit(cluster: Machines) -> str:
    """A unit that ends its worker every time is set aside with what needs it; the rest is finished."""
    said = _said(cluster, cluster.start_client())
    for process in cluster.processes:
        if process.poll() is None:
            cluster.kill(process)
    cluster.environment.pop(POISON)
    cluster.start_scheduler()
    for _ in range(2):
        cluster.start_node()
    return said


FAULTS: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        killed_worker, killed_node, killed_scheduler, killed_client, interrupted_client, full_disk, read_only_folder,
        corrupted_runs, another_version, skewed_clocks, poisoned_unit,
    )
}  # fmt: skip


def survival(name: str, folder: Path, reference: bytes) -> Survival:
    """One fault, and the command repeated after it."""
    began = time.perf_counter()
    extra = {POISON: "digits: linear probe, seed 1"} if name == "poisoned_unit" else {}
    with machines(folder, obedient=name == "read_only_folder", **extra) as cluster:
        said = FAULTS[name](cluster)
        answer = cluster.complete()
        benchmark = cluster.results / "benchmark"
        begun, made, kept = (cluster.units(word) for word in ("begun", "made", "kept"))
        directories = [path.parent for path in benchmark.glob("*/*/manifest.json") if path.parts[-3] != "features"]
        for directory in directories:
            published(directory)
        leftovers = list(benchmark.rglob(".partial-*"))
        return Survival(
            fault=name,
            said=said,
            finished=not answer["set_aside"] and len(answer["built"]) + answer["up_to_date"] == UNITS and not leftovers,
            equal=(benchmark / "benchmark.json").read_bytes() == reference,
            runs=len(directories),
            runs_made=made.total(),
            cut_off=(begun - made - kept).total(),
            made_twice=sum(count - 1 for count in made.values()),
            seconds=round(time.perf_counter() - began, 1),
        )


def undisturbed(folder: Path) -> bytes:
    """The document of a suite that is left alone."""
    with machines(folder) as cluster:
        cluster.complete()
        return (cluster.results / "benchmark" / "benchmark.json").read_bytes()


def _said(cluster: Machines, client: subprocess.Popen) -> str:
    """The client's last line, or what it set aside."""
    out, err = client.communicate(timeout=240)
    if client.returncode:
        return err.strip().splitlines()[-1]
    aside = json.loads(out.splitlines()[-1])["set_aside"]
    return f"{len(aside)} set aside: {next(iter(aside.values()))}" if aside else "went on by itself"


@contextmanager
def _mounted(cluster: Machines, options: str) -> Iterator[Callable[[str], Any]]:
    """A file system of its own in the place of the results folder."""
    results = cluster.folder / "results"
    results.mkdir(exist_ok=True)

    def mount(*arguments: str) -> None:
        subprocess.run(["mount", *arguments, str(results)], check=True)

    mount("-t", "tmpfs", "-o", options, "tmpfs")
    try:
        yield lambda access: mount("-o", f"remount,{access}")
    finally:
        subprocess.run(["umount", "-l", str(results)], check=True)


def _keep(cluster: Machines) -> None:
    """Finish on the mounted folder, then go on with a copy: the mount ends with the fault."""
    shutil.copytree(cluster.results, cluster.folder / "kept")
    cluster.results = cluster.folder / "kept"


@dataclass(frozen=True, kw_only=True)
class Faults:
    """Which faults."""

    only: tuple[str, ...] = tuple(FAULTS)
    out: Path | None = None
    """File for the result; standard output shows a line a fault."""


def main(config: Faults) -> None:
    survivals = []
    with tempfile.TemporaryDirectory() as temporary:
        reference = undisturbed(Path(temporary) / "undisturbed")
        for name in config.only:
            survivals.append(survival(name, Path(temporary) / name, reference))
            print(survivals[-1].survived, survivals[-1], flush=True)
    if config.out is not None:
        result = {
            "units": UNITS,
            "injected": len(survivals),
            "survived": sum(fault.survived for fault in survivals),
            "faults": [{**asdict(fault), "survived": fault.survived} for fault in survivals],
            "environment": environment(),
        }
        write_json(config.out, result)
    sys.exit(not all(fault.survived for fault in survivals))


if __name__ == "__main__":
    main(tyro.cli(Faults))
