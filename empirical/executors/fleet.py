"""The workers of a Dask scheduler: who may work, who was refused and why, how many units they take at once."""

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artifacts import UserError
from empirical.executors.identity import Identity, disagreement, identity

if TYPE_CHECKING:
    from distributed import Client

logger = logging.getLogger(__name__)
#: Name of the resource that a worker with a device declares.
GPU = "GPU"
LOOK_SECONDS = 1.0


class Fleet:
    """Every worker is asked who it is when it is first seen. One that must not work is closed, so that it gets nothing.

    Attributes:
      gpus: whether units are for workers that declare a device.
      slots: units at once.
    """

    def __init__(self, client: "Client", mine: Identity, folder: Path):
        self.gpus, self.slots = False, 0
        self._client, self._mine, self._folder = client, mine, folder
        self._accepted: set[str] = set()
        self._refused: dict[str, str] = {}
        self._looked = -float("inf")
        self._told = False

    def look(self) -> None:
        """Ask those who came, forget those who went; at most once a second.

        Raises:
          UserError: the scheduler does not answer.
        """
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return
        if self._client.status != "running":
            raise lost(self._client)  # its runs are forgotten, even if it comes back
        try:
            workers: dict[str, Any] = dict(self._client.scheduler_info(n_workers=-1)["workers"])
            new = [address for address in workers if address not in self._accepted]
            for address, why in self._disagreements(workers, new).items():
                if why:
                    self.refuse(address, why)
                else:
                    self._accepted.add(address)
        except (OSError, TimeoutError, RuntimeError, KeyError) as error:
            raise lost(self._client) from error
        self._accepted &= set(workers)
        declared = sum(int(workers[address]["resources"].get(GPU, 0)) for address in self._accepted)
        self.gpus = declared > 0
        self.slots = declared or len(self._accepted)
        self._looked = time.monotonic()

    def refuse(self, address: str, why: str) -> None:
        """Close a worker, and say so."""
        logger.warning("worker %s was refused: %s", address, why)
        self._refused[address] = why
        self._accepted.discard(address)
        self._client.retire_workers([address], close_workers=True)

    def check_hope(self) -> None:
        """Called while nothing is in work: say that workers are awaited, or that those who came must not work.

        Raises:
          UserError: every worker that came was refused.
        """
        if self.slots:
            return
        if self._refused:
            address, why = next(iter(self._refused.items()))
            raise UserError(f"Workers must agree with the client, but all were refused: {address}: {why}.")
        if not self._told:
            logger.warning("no worker is there yet; waiting")
            self._told = True

    def _disagreements(self, workers: dict[str, Any], addresses: list[str]) -> dict[str, str]:
        """Why each of the workers must be refused, empty where it may work; silent ones are asked again next time."""
        refused = {
            address: f"it must have one thread, got {workers[address]['nthreads']} (--nthreads 1)"
            for address in addresses
            if workers[address]["nthreads"] != 1
        }
        asked = [address for address in addresses if address not in refused]
        answers: Any = {}
        if asked:
            answers = self._client.run(identity, self._folder, workers=asked, on_error="return")
        for address, answer in answers.items():
            if isinstance(answer, OSError | TimeoutError):
                continue
            refused[address] = str(answer) if isinstance(answer, Exception) else disagreement(self._mine, answer)
        return refused


def lost(client: "Client") -> UserError:
    """What to say where the scheduler has gone."""
    address = getattr(client.scheduler, "address", "an address that is gone too")
    return UserError(
        f"The Dask scheduler at {address} was lost; finished runs are on disk. Start it again, "
        "and the same command continues."
    )
