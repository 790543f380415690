"""Where the runs of a suite are made: flags that choose the executor, and workers for other machines."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from distort.command import Answer, Command, UsageError

if TYPE_CHECKING:
    from empirical.executors import PBS, SGE, Executor, Slurm


@dataclass(frozen=True, kw_only=True)
class ExecutorFlags(Command):
    """Flags of `bench run` (docs/cluster.md)."""

    executor: Literal["local", "dask", "slurm", "pbs", "sge"] = "local"
    """Who makes the runs: this machine, workers of a Dask scheduler, or jobs of a queueing system."""
    workers: int | None = None
    """With local: so many processes side by side, each with a GPU of its own where there are any; 0: one a GPU."""
    scheduler: str | None = None
    """With dask: address of the scheduler, such as tcp://10.0.0.1:8786."""
    cluster: Path | None = None
    """With slurm, pbs, sge: TOML file with a table of that name; flags change what it says."""
    jobs: int | None = None
    """Jobs at once."""
    walltime: str | None = None
    """Of a job, as in 24:00:00; runs that are cut off are continued by the next."""
    partition: str | None = None
    """Slurm's partition, or the queue of pbs and sge."""
    account: str | None = None
    """That the jobs are charged to (slurm, pbs)."""
    gres: str | None = None
    """Devices of a Slurm job, as in gpu:1."""
    cores: int | None = None
    """Of a job."""
    memory: str | None = None
    """Of a job, as in 32GB."""
    dry_run: bool = False
    """Print the script that would be submitted for each job, and do nothing."""

    def asked(self) -> "Slurm | PBS | SGE":
        """What jobs ask for.

        Raises:
          UserError: the file or the flags ask for what there is not.
        """
        from empirical.executors import read_queue

        assert self.executor not in ("local", "dask")
        partition = "partition" if self.executor == "slurm" else "queue"
        return read_queue(
            self.executor, self.cluster, jobs=self.jobs, walltime=self.walltime, account=self.account, gres=self.gres,
            cores=self.cores, memory=self.memory, **{partition: self.partition},
        )  # fmt: skip

    def chosen(self) -> "Executor":
        """The executor.

        Raises:
          UserError: the flags contradict each other or this machine.
        """
        from empirical import executors

        self.check()
        if self.executor == "local":
            if self.workers is None:
                return executors.local
            gpus = executors.visible_gpus()
            if self.workers == 0 and not gpus:
                raise UsageError("--workers 0 means one a GPU, but there is none; name a number.")
            return executors.Processes(self.workers or len(gpus), gpus)
        if self.executor == "dask":
            assert self.scheduler is not None
            return executors.DaskWorkers(self.scheduler)
        return executors.Queue(self.asked())

    def check(self) -> None:
        """Whether flags are there that another executor would heed.

        Raises:
          UsageError: there are.
        """
        queueing = self.executor in ("slurm", "pbs", "sge")
        names = ("cluster", "jobs", "walltime", "partition", "account", "gres", "cores", "memory")
        stray = [name for name in names if getattr(self, name) is not None] + ["dry-run"] * self.dry_run
        if stray and not queueing:
            raise UsageError(f"--{stray[0]} is for --executor slurm, pbs or sge, got {self.executor}.")
        if (self.scheduler is None) == (self.executor == "dask"):
            raise UsageError("--executor dask and --scheduler ADDRESS go together.")
        if self.workers is not None and self.executor != "local":
            raise UsageError("--workers is for --executor local; elsewhere the scheduler's workers or --jobs say it.")


@dataclass(frozen=True, kw_only=True)
class Worker(Command):
    """Serve a Dask scheduler from this machine: a worker a GPU, each seeing its own; ends with the scheduler."""

    scheduler: str
    """Address of the scheduler, such as tcp://10.0.0.1:8786."""
    workers: int | None = None
    """How many; by default one a GPU, or one on a machine without."""

    def __call__(self) -> Answer:
        """Serve until the scheduler ends; the answer counts the workers."""
        from empirical.executors import serve

        count = serve(self.scheduler, self.workers)
        return Answer({"workers": count}, f"{count} workers have ended")
