"""Units on the workers of a Dask scheduler, wherever they are, over a folder that all of them see.

The client keeps the list and gives out one unit a worker: Dask's scheduler holds nothing that the folder does not, and
a unit whose worker is lost is known to be the only one that was there. Messages are units and a line of outcome.
"""

import pickle
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

from artifacts import UserError
from artifacts.errors import unforeseen
from empirical.benchmark.run import Assignment, Run
from empirical.benchmark.units import Unit
from empirical.benchmark.workspace import Workspace
from empirical.executors.addresses import check_address
from empirical.executors.executor import RETRIES, Attempt, Done, Failed, Work, attempted
from empirical.executors.fleet import GPU, Fleet, lost
from empirical.executors.identity import Identity, disagreement, identity
from empirical.executors.serving import CONNECT_SECONDS
from empirical.executors.shared_folder import await_dependencies
from empirical.executors.waiting import Waiting
from empirical.runs import run_unit

if TYPE_CHECKING:
    from distributed import Client, Future

#: How often the client looks for workers that came or went.
LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class DaskWorkers:
    """As many units at once as there are workers with one thread, or GPUs where workers declare them (`GPU=1`).

    Workers may come and go meanwhile. A worker of other code is refused and closed. What is being trained when the
    client ends is finished by its worker and found by the next call.

    Attributes:
      address: of the scheduler, such as `tcp://10.0.0.1:8786`.
      retries: after an error of the work; how often a unit may take its worker with it is the scheduler's
        `distributed.scheduler.allowed-failures`.
    Raises:
      ArgumentError: the address is none.
    """

    address: str
    work: Work = run_unit
    retries: int = RETRIES

    def __post_init__(self):
        check_address(self.address)

    def __call__(self, runs: Sequence[Run], *, force: bool) -> Generator[Done | Failed, None, None]:
        """Give the runs to the workers; the workspace's folder must be one that they see.

        Raises:
          UserError: Dask is not installed, nobody answers, the scheduler was lost, or every worker was refused.
        """
        with connected(self.address) as client:
            yield from given_out(client, Waiting(runs, retries=self.retries), runs[0].workspace, force, self.work)


@contextmanager
def connected(address: str) -> Iterator["Client"]:
    """A client of the scheduler.

    Raises:
      UserError: Dask is not installed, or nobody answers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise UserError("Dask must be installed: pip install 'feature-distortion[cluster]'.") from error
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UserError(
            f"A Dask scheduler must answer at {address} ({str(error).splitlines()[0]}); start it with `dask scheduler`."
        ) from error
    with client:
        yield client


class WorkersAnswer(NamedTuple):
    """What a worker returns: an attempt, or why it must not make one."""

    worker: str
    attempt: Attempt | None
    refusal: str = ""


def given_out(
    client: "Client", waiting: Waiting, workspace: Workspace, force: bool, work: Work
) -> Generator[Done | Failed, None, None]:
    """Units given to workers until all are settled.

    Args:
      force: units are made whether or not they are up to date.
      work: what a worker does with a unit.
    Raises:
      UserError: the scheduler was lost, or every worker was refused.
    """
    import cloudpickle

    mine = identity(workspace.folder)
    fleet = Fleet(client, mine, workspace.folder)
    running: dict[Future, Unit] = {}
    ended: SimpleQueue[Future] = SimpleQueue()
    try:
        while waiting:
            fleet.look()
            while len(running) < fleet.slots and (run := waiting.take()) is not None:
                resources = {GPU: 1} if fleet.gpus else None
                message = cloudpickle.dumps(_Call((Assignment(run.unit, workspace, force), mine, work)))
                future = client.submit(pickle.loads, message, pure=False, resources=resources)
                running[future] = run.unit
                future.add_done_callback(ended.put)
            if not running:
                fleet.check_hope()
            for future in _ended(ended):
                unit = running.pop(future)
                answer = _answer(client, future, unit)
                if answer.attempt is None:
                    fleet.refuse(answer.worker, answer.refusal)
                    waiting.give_back(unit)
                    continue
                yield from waiting.settled(unit, answer.attempt)
    finally:
        _let_go(client, list(running))


def carried_out(assignment: Assignment, client: Identity, work: Work) -> WorkersAnswer:
    """What a worker does with a unit that it was sent.

    Args:
      client: what the client computes with; a worker that differs refuses.
    """
    from distributed import get_worker

    address = get_worker().address
    refusal = disagreement(client, identity(assignment.workspace.folder))
    if refusal:
        return WorkersAnswer(address, None, refusal)
    await_dependencies(assignment.run())
    return WorkersAnswer(address, attempted(assignment, work))


class _Call(NamedTuple):
    """Becomes what the worker's function returns, where it is opened.

    Dask's scheduler opens what it passes on. Sent as bytes, which only the worker opens, it asks of the scheduler's
    machine no more than Dask.
    """

    arguments: tuple[Any, ...]

    def __reduce__(self) -> tuple[Any, ...]:
        return carried_out, self.arguments


def _ended(ended: "SimpleQueue[Future]") -> "Iterator[Future]":
    """Whatever has ended; waits for the first a while."""
    try:
        yield ended.get(timeout=LOOK_SECONDS)
        while True:
            yield ended.get_nowait()
    except Empty:
        return


def _answer(client: "Client", future: "Future", unit: Unit) -> WorkersAnswer:
    from distributed import KilledWorker

    if future.status == "cancelled" or client.status != "running":
        raise lost(client)
    if future.status == "finished":
        return future.result()
    error: Any = future.exception()  # a coroutine of asynchronous clients alone
    line = unforeseen(error)
    # Dask has tried it as often as its scheduler allows.
    attempt = Attempt(Failed(unit, line), again=not isinstance(error, KilledWorker))
    return WorkersAnswer("", attempt)


def _let_go(client: "Client", futures: "list[Future]") -> None:
    """Units that no worker has begun are forgotten; those in work cannot be stopped, and are finished."""
    if futures and client.status == "running":
        client.cancel(futures, reason="the client ends")
