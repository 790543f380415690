"""How JAX must be started: double precision, no deadlock, no more threads than there are processors for.

By environment variables, which it reads at its start.
"""

import os
from importlib import metadata

#: With two processors XLA may start several batched decompositions (QR, SVD) side by side, each of which then waits
#: for threads that the others hold: the process hangs for ever. Three QRs of 256 matrices are enough, in jax 0.10.2 as
#: in 0.12. Run one after another they still share their batches among all threads.
ONE_AFTER_ANOTHER = "--xla_cpu_enable_concurrency_optimized_scheduler=false"
#: XLA ends a process that names a flag that it does not know, so the flag is kept to versions that were tested.
LAST_TESTED = (0, 12)


def prepare_jax() -> None:
    """Set what JAX must be started with; call it before the first computation, best before importing JAX."""
    os.environ["JAX_ENABLE_X64"] = "1"
    flags = os.environ.get("XLA_FLAGS", "")
    version = tuple(int(part) for part in metadata.version("jaxlib").split(".")[:2])
    if ONE_AFTER_ANOTHER.split("=")[0] not in flags and version <= LAST_TESTED:
        os.environ["XLA_FLAGS"] = f"{flags} {ONE_AFTER_ANOTHER}".strip()


def share_processors(count: int) -> None:
    """Let JAX use this process's share of the processors, beside others like it; call before its first computation.

    Threads of processes that compete spin while they wait: the main job in two processes on two cores took 301 s with
    two threads each and 283 s with one. A number that the environment has already is kept.

    Args:
      count: processes that compute side by side, this one included.
    """
    os.environ.setdefault("NPROC", str(max(1, (os.cpu_count() or 1) // count)))
