"""Who does the work: the seam between a suite and the machines that run it.

`seam` says what an executor is; `in_process` works here, `processes` beside here, `dask_workers` wherever workers of a
Dask scheduler are, `queueing` on nodes that a queueing system (Slurm, PBS, SGE) lends. Only the last two need the extra
`[cluster]`, and they import it when they are called.
"""

from empirical.suite.executors.dask_workers import DaskWorkers
from empirical.suite.executors.in_process import InProcess, local
from empirical.suite.executors.processes import Processes, visible_gpus
from empirical.suite.executors.queueing import PBS, SGE, Queue, QueueingSystem, Slurm, job_script, read_queue
from empirical.suite.executors.seam import Done, Executor, Failed, Work
from empirical.suite.executors.serving import serve

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
