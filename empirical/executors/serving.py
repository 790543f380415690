"""A machine in the service of a Dask scheduler: a worker for each of its devices."""

import asyncio
import logging
from typing import Any

from artifacts import ArgumentError, UserError
from artifacts.interrupts import interrupts_held
from empirical.executors.addresses import HTTP_ADDRESS, check_address
from empirical.executors.fleet import GPU
from empirical.executors.processes import DEVICES, visible_gpus

logger = logging.getLogger(__name__)
#: In which a scheduler must answer.
CONNECT_SECONDS = 30.0
#: In which a worker has imported everything, perhaps over a network, and found its scheduler; else it ends.
START_SECONDS = 300


def serve(address: str, count: int | None = None) -> int:
    """Serve until the scheduler ends; how many workers that were.

    Each worker has a nanny, which starts it again where it dies.

    Args:
      count: by default one a GPU, or one on a machine without.
    Raises:
      ArgumentError: the address is none, or there are fewer GPUs than workers.
      UserError: Dask is not installed, or nobody answers.
    """
    check_address(address)
    gpus = visible_gpus()
    number = count if count is not None else len(gpus) or 1
    if number < 1 or (gpus and number > len(gpus)):
        raise ArgumentError(f"`workers` must be at least 1 and at most the number of GPUs ({len(gpus)}), got {number}.")
    try:
        # Its nannies' processes end with this one; Ctrl-C is this one's to answer.
        with interrupts_held():
            asyncio.run(_serve(address, gpus[:number] if gpus else (None,) * number))
    except (OSError, TimeoutError) as error:
        said = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(
            f"A Dask scheduler must answer at {address} ({said}); start it with `dask scheduler`."
        ) from error
    return number


async def _serve(address: str, gpus: tuple[str | None, ...]) -> None:
    try:
        from distributed import Nanny
        from distributed.comm import connect
        from distributed.security import Security
    except ImportError as error:
        raise UserError("Dask must be installed: pip install 'feature-distortion[cluster]'.") from error

    logger.warning("looking for the scheduler at %s, for %.0f s at most", address, CONNECT_SECONDS)
    keys = Security().get_connection_args("worker")
    (await connect(address, timeout=CONNECT_SECONDS, **keys)).abort()  # a nanny would wait for it in silence

    def nanny(gpu: str | None) -> Any:
        # No memory limit of Dask's: it counts mapped files, and would end a worker that reads many images.
        options: dict[str, Any] = {"memory_limit": 0, "preload": ["empirical.executors.preload"]}
        options |= {"dashboard": False, "dashboard_address": HTTP_ADDRESS}
        if gpu is not None:
            options |= {"resources": {GPU: 1}, "env": {DEVICES: gpu}}
        return Nanny(address, nthreads=1, death_timeout=START_SECONDS, **options)

    nannies = [nanny(gpu) for gpu in gpus]
    try:
        await asyncio.gather(*nannies)
        await asyncio.gather(*(nanny.finished() for nanny in nannies))
    finally:
        await asyncio.gather(*(nanny.close() for nanny in nannies), return_exceptions=True)
