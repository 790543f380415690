"""A queueing system that this machine plays: real jobs, keys that others lack, and nothing left when Ctrl-C comes."""

import contextlib
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from distort.interruption import INTERRUPTED, MESSAGE
from empirical import run_suite
from empirical.executors import Queue, Slurm
from empirical.executors.credentials import FOLDER, security
from tests.support import ROOT
from tests.support.cluster_work import SUITE, UNITS, begun, slow, wait_for

distributed = pytest.importorskip("distributed")
psutil = pytest.importorskip("psutil")
pytest.importorskip("dask_jobqueue")
pytest.importorskip("cryptography")

pytestmark = pytest.mark.extra

Security = distributed.Security
#: Slurm's two commands that are needed: a job is a process group, and its number that of its first process.
SBATCH = """#!/bin/sh
log="$(dirname "$0")/jobs"
cp "$1" "$log.$$.sh"
setsid sh "$log.$$.sh" > "$log.$$.out" 2>&1 < /dev/null &
echo $! >> "$log"
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/sh
for job in "$@"; do kill -9 "-$job"; done
"""


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """The folder of the commands, which come first on the path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    yield folder
    for job in jobs(folder):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(job, signal.SIGKILL)


def jobs(folder: Path) -> list[int]:
    return [int(line) for line in (folder / "jobs").read_text().split()] if (folder / "jobs").exists() else []


def family(process: int) -> list[psutil.Process]:
    return [psutil.Process(process), *psutil.Process(process).children(recursive=True)]


def ended(process: int) -> bool:
    return not psutil.pid_exists(process) or psutil.Process(process).status() == psutil.STATUS_ZOMBIE


def command_of(process: psutil.Process) -> list[str]:
    return process.cmdline()


def listening(process: int) -> list[tuple[str, int]]:
    """Addresses on which a job accepts connections."""
    connections = [connection for member in family(process) for connection in member.net_connections("tcp")]
    return [connection.laddr for connection in connections if connection.status == psutil.CONN_LISTEN]


ASKED = Slurm(walltime="1:00:00", gres=None, memory="2GB", cores=1, python=sys.executable, interface="lo")


def refusal(address: str, **security: Any) -> str:
    """How a client that connects is met; empty where it is let in."""
    try:
        distributed.Client(address, timeout=3, set_as_default=False, **security).close()
    except (OSError, TimeoutError, TypeError) as error:
        return type(error).__name__
    return ""


def test_a_suite_is_run_by_jobs_and_who_has_no_key_is_refused(slurm, workspace, undisturbed):
    keys = workspace.folder / FOLDER
    met: dict[str, Any] = {}

    def look() -> None:
        wait_for(lambda: begun(workspace))
        met["modes"] = [stat.S_IMODE(path.stat().st_mode) for path in (keys, *keys.iterdir())]
        met["loopback"] = {address for address, _ in listening(jobs(slurm)[0])}
        command = next(found for found in map(command_of, family(jobs(slurm)[0])) if "--preload" in found)
        address = next(word for word in command if word.startswith("tls://") and ":" in word.removeprefix("tls://"))
        met["own key"] = refusal(address, security=security(workspace.folder))
        met["no TLS"] = refusal(address.replace("tls://", "tcp://"))
        met["no key"] = refusal(address, security=Security(tls_ca_file=str(keys / "ca.pem"), require_encryption=True))
        met["another key"] = refusal(address, security=Security.temporary())

    thread = threading.Thread(target=look)
    thread.start()
    outcome = run_suite(SUITE, workspace, executor=Queue(ASKED, work=slow))
    thread.join()
    assert (outcome.set_aside, len(outcome.built)) == ([], UNITS)
    assert outcome.benchmark == undisturbed
    assert set(met.pop("modes")) == {0o700, 0o600}
    assert met.pop("loopback") == {"127.0.0.1"}
    assert met.pop("own key") == ""
    assert all(met.values()), met
    assert not keys.exists()
    wait_for(lambda: all(ended(job) for job in jobs(slurm)))


PROGRAM = """
import sys
from pathlib import Path
from distort.interruption import end_when_interrupted
from empirical import Workspace, run_suite
from tests.empirical.cluster.test_queue_on_this_machine import ASKED
from tests.support.cluster_work import SUITE, slow
from empirical.executors import Queue
end_when_interrupted()
run_suite(SUITE, Workspace(folder=Path(sys.argv[1])), executor=Queue(ASKED, work=slow))
"""


def test_ctrl_c_cancels_the_jobs_and_removes_the_keys(slurm, workspace):
    client = subprocess.Popen([sys.executable, "-c", PROGRAM, str(workspace.folder)], cwd=ROOT, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    wait_for(lambda: jobs(slurm))
    (job,) = jobs(slurm)
    client.send_signal(signal.SIGINT)
    out, err = client.communicate(timeout=60)
    assert (client.returncode, out) == (INTERRUPTED, "")
    assert err.endswith(f"{MESSAGE}\n")
    wait_for(lambda: ended(job))
    assert not (workspace.folder / FOLDER).exists()
