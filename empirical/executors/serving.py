"""A machine in the service of a Dask scheduler: a worker for each of its devices."""

import asyncio
from typing import Any

from artifacts import ArgumentError, UserError
from empirical.executors.fleet import GPU
from empirical.executors.processes import DEVICES, visible_gpus

#: In which a worker has imported everything, perhaps over a network, and found its scheduler; else it ends.
START_SECONDS = 300


def serve(address: str, count: int | None = None) -> int:
    """Serve until the scheduler ends; how many workers that were.

    Each worker has a nanny, which starts it again where it dies.

    Args:
      count: by default one a GPU, or one on a machine without.
    Raises:
      ArgumentError: there are fewer GPUs than workers.
      UserError: Dask is not installed, or nobody answers.
    """
    gpus = visible_gpus()
    number = count if count is not None else len(gpus) or 1
    if number < 1 or (gpus and number > len(gpus)):
        raise ArgumentError(f"`workers` must be at least 1 and at most the number of GPUs ({len(gpus)}), got {number}.")
    try:
        asyncio.run(_serve(address, gpus[:number] if gpus else (None,) * number))
    except (OSError, TimeoutError) as error:
        raise UserError(f"A Dask scheduler must answer at {address} ({type(error).__name__}).") from error
    return number


async def _serve(address: str, gpus: tuple[str | None, ...]) -> None:
    try:
        from distributed import Nanny
    except ImportError as error:
        raise UserError("Dask must be installed: pip install 'feature-distortion[cluster]'.") from error

    def nanny(gpu: str | None) -> Any:
        # No memory limit of Dask's: it counts mapped files, and would end a worker that reads many images.
        options: dict[str, Any] = {"memory_limit": 0, "preload": ["empirical.executors.preload"]}
        if gpu is not None:
            options |= {"resources": {GPU: 1}, "env": {DEVICES: gpu}}
        return Nanny(address, nthreads=1, death_timeout=START_SECONDS, **options)

    nannies = [nanny(gpu) for gpu in gpus]
    try:
        await asyncio.gather(*nannies)
        await asyncio.gather(*(one.finished() for one in nannies))
    finally:
        await asyncio.gather(*(one.close() for one in nannies), return_exceptions=True)
