"""A small cluster on one machine, to be broken: a scheduler, nodes and a client, each in processes of its own.

`tests/empirical/cluster` and `benchmarks/faults.py` break it. The suite is real: digits, the shipped network, linear
probes, FT and LP-FT that starts from them.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from artifacts import Outcome

ROOT = Path(__file__).resolve().parents[1]
#: Names the file into which `logged` writes, outside the folder that is broken.
LOG = "FAULTS_LOG"
#: Names a unit that ends its worker, if any.
POISON = "FAULTS_POISON"
PATIENCE_SECONDS = 240.0


def tiny_suite() -> Any:
    """Nine runs: two probes, a description, FT and LP-FT at two seeds, and their interpolations."""
    from empirical import Suite
    from empirical.datasets.protocols import Split
    from empirical.methods import FT_EVAL, LP_FT
    from empirical.recipes import DIGITS, SolvedProbe, Sweep

    recipe = DIGITS["quick"].model_copy(
        update={
            "split": Split(training=60, validation=30, test=40),
            "seeds": (0, 1),
            "probe": SolvedProbe(penalties=(1e-2,)),
            "sweeps": (Sweep(method=FT_EVAL, learning_rates=(1e-3,)), Sweep(method=LP_FT, learning_rates=(1e-3,))),
            "epochs": 20,
            "batch_size": 20,
            "interpolate": (LP_FT.label,),
            "conditions": (),
        }
    )
    return Suite(name="embedded", recipes=(recipe,))


def logged(assignment: Any) -> Outcome:
    """`run_unit`, with a line before and after in a file of its own."""
    from empirical import run_unit

    unit = assignment.unit
    _log("begun", unit)
    if str(unit) == os.environ.get(POISON):
        os.kill(os.getpid(), signal.SIGKILL)
    outcome = run_unit(assignment)
    _log("made" if outcome.built else "kept", unit)
    return outcome


def _log(word: str, unit: Any) -> None:
    with open(os.environ[LOG], "a", encoding="utf-8") as stream:  # one write of one line: appended whole
        stream.write(f"{word} {os.getpid()} {unit}\n")


@dataclass
class Machines:
    """What runs, and where it writes. Ends every process that it started.

    Attributes:
      results: results folder of the client.
      environment: of every process, beside this one's.
      obedient: permissions hold for root's processes, too.
    """

    folder: Path
    results: Path
    environment: dict[str, str] = field(default_factory=dict)
    obedient: bool = False
    port: int = 0
    processes: list[subprocess.Popen] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "units.log"

    def start_scheduler(self) -> subprocess.Popen:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        return self._start(
            "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard"
        )

    def start_node(self, *, source: Path = ROOT, first_on_path: Path | None = None) -> subprocess.Popen:
        """A process group: what `distort bench worker` starts, its nanny and its worker."""
        return self._start("-m", "distort", "bench", "worker", "--scheduler", self.address, "--workers", "1",
                           source=source, first_on_path=first_on_path)  # fmt: skip

    def start_client(self, *arguments: str) -> subprocess.Popen:
        return self._start("-m", "benchmarks.fault_client", str(self.results), self.address, *arguments)

    def answer(self, client: subprocess.Popen) -> dict[str, Any]:
        """What a client that was left alone said.

        Raises:
          RuntimeError: it failed.
        """
        out, err = client.communicate(timeout=PATIENCE_SECONDS)
        if client.returncode:
            raise RuntimeError(f"the client ended with {client.returncode}: {err[-1500:]}")
        return json.loads(out.splitlines()[-1])

    def complete(self) -> dict[str, Any]:
        """A client, from its start to its end."""
        return self.answer(self.start_client())

    def units(self, word: str) -> Counter[str]:
        """How often each unit was `begun`, `made`, or found finished and `kept`."""
        lines = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        return Counter(line.split(" ", 2)[2] for line in lines if line.startswith(f"{word} "))

    def wait_for_a_run(self, of: str = "LP-FT") -> int:
        """Until a run of that method is in its middle; the process id of the worker that makes it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            made = self.units("made")
            for line in self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []:
                word, process, unit = line.split(" ", 2)
                if word == "begun" and of in unit and unit not in made:
                    time.sleep(0.3)  # into its training, not its beginning
                    return int(process)
            time.sleep(0.02)
        raise TimeoutError(f"no run of {of} began in {PATIENCE_SECONDS} seconds")

    def kill(self, process: subprocess.Popen, how: int = signal.SIGKILL) -> None:
        """The whole group: a node loses everything at once."""
        os.killpg(process.pid, how)
        process.wait(timeout=PATIENCE_SECONDS)

    def _start(self, *arguments: str, source: Path = ROOT, first_on_path: Path | None = None) -> subprocess.Popen:
        path = os.pathsep.join(
            str(folder_on_path) for folder_on_path in (first_on_path, source) if folder_on_path is not None
        )
        environment = {**os.environ, "PYTHONPATH": path, LOG: str(self.log), **self.environment}
        prefix = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--")
        process = subprocess.Popen(
            [*(prefix if self.obedient and os.geteuid() == 0 else ()), sys.executable, *arguments],
            cwd=source, env=environment, start_new_session=True, text=True,
            stdout=subprocess.PIPE if "benchmarks.fault_client" in arguments else subprocess.DEVNULL,
            stderr=subprocess.PIPE if "benchmarks.fault_client" in arguments else self._errors(),
        )  # fmt: skip
        self.processes.append(process)
        return process

    def _errors(self) -> Any:
        return open(self.folder / f"{len(self.processes)}.err", "w", encoding="utf-8")


@contextmanager
def machines(folder: Path, *, nodes: int = 2, obedient: bool = False, **environment: str) -> Iterator[Machines]:
    """A scheduler and nodes, all ended with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    cluster = Machines(folder, folder / "results", environment, obedient)
    with ExitStack() as stack:
        stack.callback(_end_all, cluster)
        cluster.start_scheduler()
        for _ in range(nodes):
            cluster.start_node()
        yield cluster


def _end_all(cluster: Machines) -> None:
    for process in cluster.processes:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        finally:
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
