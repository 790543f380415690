"""Units on nodes that a queueing system lends: each job is one Dask worker, on the devices that the job is given.

The scheduler lives in this process, on a login node or in a job of its own; a job that ends is asked for again while
there is work. A table `[slurm]`, `[pbs]` or `[sge]` of a TOML file says what a job asks for (docs/cluster.md).
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from artifacts import ArgumentError, UserError
from artifacts.frozen import Frozen
from artifacts.interrupts import answer_kept, held_elsewhere
from artifacts.reading import read_toml, why_unreadable
from empirical.benchmark.run import Run
from empirical.executors.addresses import HTTP_ADDRESS
from empirical.executors.credentials import credentials, security
from empirical.executors.dask_workers import given_out
from empirical.executors.executor import RETRIES, Done, Failed, Work
from empirical.executors.fleet import GPU
from empirical.executors.serving import START_SECONDS
from empirical.executors.waiting import Waiting
from empirical.runs import run_unit

System = Literal["slurm", "pbs", "sge"]
#: Stands in a printed script where the running scheduler's address will be.
ADDRESS = "tls://SCHEDULER:PORT"

#: A line of its own in a job's script: a line end would begin another one.
Line = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$")]
#: As the systems write it: hours, minutes and seconds, days before a hyphen.
Walltime = Annotated[str, Field(pattern=r"^\d+(-\d+)?(:\d+){0,2}$")]


WORKER_ARGUMENTS = (
    "--memory-limit", "0", "--preload", "empirical.executors.preload", "--no-dashboard",
    "--dashboard-address", HTTP_ADDRESS,
)  # fmt: skip
PROTOCOL = "tls://"


class QueueingSystem(Frozen):
    """What a job asks for, in every system.

    Attributes:
      jobs: at once; each trains one run at a time.
      cores, memory: of a job; memory as in "32GB".
      walltime: of a job, as the system writes it; a run that is cut off is continued where it was last saved.
      prologue: shell lines before the worker starts, such as `module load cuda`.
      directives: further lines of the job's header, without `#SBATCH` or its like.
      python: on the nodes; by default the one that runs this.
      interface: network interface that scheduler and workers speak over, such as "ib0".
      scheduler_port: fixed where a firewall wants it; 0: any.
      log_directory: of the jobs' output.
    """

    jobs: int = Field(default=1, ge=1)
    cores: int = Field(default=8, ge=1)
    memory: Line = "32GB"
    walltime: Walltime
    prologue: tuple[Line, ...] = ()
    directives: tuple[Line, ...] = ()
    python: Line | None = None
    interface: Line | None = None
    scheduler_port: int = Field(default=0, ge=0, lt=65536)
    log_directory: Path | None = None

    def options(self, *, with_gpu: bool) -> dict[str, Any]:
        """For dask-jobqueue. One worker of one thread: the cores are XLA's and the image readers'.

        Dask's own memory limit is lifted, since it counts mapped files and would end a worker that reads many images;
        the queueing system's remains.
        """
        resources = ["--resources", f"{GPU}=1"] if with_gpu else []
        return {
            "cores": 1,
            "processes": 1,
            "memory": self.memory,
            "walltime": self.walltime,
            "job_script_prologue": list(self.prologue),
            "job_extra_directives": list(self.directives),
            "python": self.python,
            "interface": self.interface,
            "log_directory": None if self.log_directory is None else str(self.log_directory),
            "worker_extra_args": [*WORKER_ARGUMENTS, *resources],
            "job_name": "distort",
            "death_timeout": START_SECONDS,
        }


class Slurm(QueueingSystem):
    """Table `[slurm]`. `gres`: devices of a job; with `gpu:8` a run is divided over eight."""

    partition: Line | None = None
    account: Line | None = None
    gres: Line | None = "gpu:1"

    def job_options(self) -> dict[str, Any]:
        """What dask-jobqueue's class for Slurm is given."""
        options = self.options(with_gpu=self.gres is not None and "gpu" in self.gres)
        options["job_extra_directives"] = [*([f"--gres={self.gres}"] if self.gres else []), *self.directives]
        return {**options, "queue": self.partition, "account": self.account, "job_cpu": self.cores}


class PBS(QueueingSystem):
    """Table `[pbs]`. `resource_spec` replaces `select=1:ncpus=CORES:mem=MEMORY` and says which devices a job has."""

    queue: Line | None = None
    account: Line | None = None
    resource_spec: Line | None = None

    def job_options(self) -> dict[str, Any]:
        """What dask-jobqueue's class for PBS is given."""
        spec = self.resource_spec or f"select=1:ncpus={self.cores}:mem={self.memory}"
        return {
            **self.options(with_gpu="gpu" in spec),
            "queue": self.queue,
            "account": self.account,
            "resource_spec": spec,
        }


class SGE(QueueingSystem):
    """Table `[sge]`. `resource_spec`: what `-l` asks for, devices among it, such as `gpu=1,h_vmem=32G`."""

    queue: Line | None = None
    project: Line | None = None
    resource_spec: Line | None = None
    parallel_environment: Line | None = None

    def job_options(self) -> dict[str, Any]:
        """What dask-jobqueue's class for SGE is given."""
        options = self.options(with_gpu="gpu" in (self.resource_spec or ""))
        cores = [f"-pe {self.parallel_environment} {self.cores}"] if self.parallel_environment else []
        options["job_extra_directives"] = [*cores, *self.directives]
        return {**options, "queue": self.queue, "project": self.project, "resource_spec": self.resource_spec}


SYSTEMS: Mapping[System, type[Slurm] | type[PBS] | type[SGE]] = {"slurm": Slurm, "pbs": PBS, "sge": SGE}


def read_queue(system: System, path: Path | None, **changes: Any) -> Slurm | PBS | SGE:
    """The table of that name in a TOML file, changed by flags; without a file the flags alone.

    Args:
      path: None: there is no file.
      changes: fields of the table; None leaves the file's value, or else the usual one.
    Raises:
      UserError: the file cannot be read, has no such table, or asks for what there is not.
      ArgumentError: the flags do, or lack what must be said.
    """
    content: dict[str, Any] = {}
    if path is not None:
        try:
            read = read_toml(path)
        except (OSError, ValueError) as error:
            said = why_unreadable(error)
            raise UserError(f"{path} must be a TOML file, but {said}; docs/cluster.md shows one.") from error
        if not isinstance(read.get(system), dict):
            raise UserError(f"{path} must have a table [{system}], but there is none; docs/cluster.md shows one.")
        content = read[system]
    given = {name: value for name, value in changes.items() if value is not None}
    try:
        return SYSTEMS[system].model_validate({**content, **given})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        wrong = f"must follow docs/cluster.md, but {field}: {first['msg']}"
        if path is None or first["loc"][0] in given:
            message = f"The flags for {system} {wrong}; change --{field}, or name a file with --cluster."
            raise ArgumentError(message) from error
        raise UserError(f"{path}: [{system}] {wrong}.") from error


def job_script(asked: Slurm | PBS | SGE, folder: Path) -> str:
    """What would be submitted for each job, with a word in the place of the scheduler's address.

    Args:
      folder: of the suite, where the keys will be.
    """
    kind = _cluster_type(asked).job_cls
    options = asked.job_options() | {"security": security(folder), "protocol": PROTOCOL}
    return kind(ADDRESS, name="worker", **options).job_script()


@dataclass(frozen=True)
class Queue:
    """Starts a scheduler here and asks for jobs; both end with the last unit, or with this process."""

    asked: Slurm | PBS | SGE
    work: Work = run_unit
    retries: int = RETRIES

    def __call__(self, runs: Sequence[Run], *, force: bool) -> Generator[Done | Failed, None, None]:
        """Give the runs to jobs, never more of these than of those; closing the generator ends the jobs."""
        from distributed import Client

        waiting = Waiting(runs, retries=self.retries)
        kind, workspace = _cluster_type(self.asked), runs[0].workspace
        options: dict[str, Any] = {"dashboard": False, "dashboard_address": HTTP_ADDRESS}
        if self.asked.scheduler_port:
            options["port"] = self.asked.scheduler_port
        with (
            credentials(workspace.folder) as keys,
            kind(scheduler_options=options, security=keys, protocol=PROTOCOL, **self.asked.job_options()) as cluster,
            held_elsewhere(cluster.close),
        ):
            jobs = min(self.asked.jobs, len(waiting))
            # Both ends the same: a job that ends early, as at its walltime, is replaced.
            cluster.adapt(minimum_jobs=jobs, maximum_jobs=jobs)
            with Client(cluster, set_as_default=False) as client:
                yield from given_out(client, waiting, workspace, force, self.work)


def _cluster_type(asked: QueueingSystem) -> Any:
    """The class of dask-jobqueue, whose annotations leave out what its metaclass adds."""
    try:
        with answer_kept():
            import dask_jobqueue
    except ImportError as error:
        raise UserError("dask-jobqueue must be installed: pip install 'feature-distortion[cluster]'.") from error
    kinds = {
        Slurm: dask_jobqueue.SLURMCluster,
        PBS: dask_jobqueue.PBSCluster,
        SGE: dask_jobqueue.SGECluster,
    }
    return kinds[type(asked)]
