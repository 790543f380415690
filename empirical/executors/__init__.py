"""Who does the work: between a suite and the machines that run it.

`executor` says what an executor is; `in_process` works here, `processes` beside here, `dask_workers` wherever workers
of a Dask scheduler are, `queueing` on nodes that a queueing system (Slurm, PBS, SGE) lends. Only the last two need the
extra `[cluster]`, and they import it when they are called.
"""

from empirical.executors.dask_workers import DaskWorkers
from empirical.executors.executor import Done, Executor, Failed, Work
from empirical.executors.in_process import InProcess, local
from empirical.executors.processes import Processes, visible_gpus
from empirical.executors.queueing import PBS, SGE, Queue, QueueingSystem, Slurm, job_script, read_queue
from empirical.executors.serving import serve

__all__ = [
    "PBS",
    "SGE",
    "DaskWorkers",
    "Done",
    "Executor",
    "Failed",
    "InProcess",
    "Processes",
    "Queue",
    "QueueingSystem",
    "Slurm",
    "Work",
    "job_script",
    "local",
    "read_queue",
    "serve",
    "visible_gpus",
]
