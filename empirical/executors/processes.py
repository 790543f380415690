"""Units side by side on this machine, each in a process of its own that sees one device.

A process that dies, of whatever cause, takes one unit with it: another is started in its place and the unit is tried
again. The process that starts them never touches a device itself. Workers end with it, however it ended, so that nobody
writes to a folder that is no longer held.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

from artifacts import ArgumentError, UserError
from artifacts.child_processes import follow_parent
from artifacts.interrupts import interrupts_held
from artifacts.runtime import prepare_jax, share_processors
from empirical.benchmark.run import Assignment, Run
from empirical.benchmark.units import Unit
from empirical.executors.executor import RETRIES, Attempt, Done, Executor, Failed, Work, attempted
from empirical.executors.waiting import Waiting
from empirical.runs import run_unit

DEVICES = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True)
class Processes:
    """As many workers as `count`.

    Attributes:
      gpus: names of GPUs as CUDA_VISIBLE_DEVICES has them, the first for the first worker; none: workers see what this
        process sees.
    Raises:
      ArgumentError: `count` is not positive, or exceeds the GPUs, of which two workers cannot share one.
    """

    count: int
    gpus: tuple[str, ...] = ()
    work: Work = run_unit
    retries: int = RETRIES

    def __post_init__(self):
        if self.count < 1:
            raise ArgumentError(f"`workers` must be at least 1, got {self.count}.")
        if self.gpus and self.count > len(self.gpus):
            raise ArgumentError(f"`workers` must be at most the number of GPUs ({len(self.gpus)}), got {self.count}.")

    def __call__(self, runs: Sequence[Run], *, force: bool) -> Generator[Done | Failed, None, None]:
        """Make the runs side by side; closing the generator ends the workers, whatever they do."""
        with self.kept() as executor:
            yield from executor(runs, force=force)

    @contextmanager
    def kept(self) -> "Iterator[Executor]":
        """An executor whose workers stay between calls, until the block ends: what they have read and compiled stays.

        Closing a generator of this executor that is not at its end ends the workers; the next call starts others.
        """
        workers: list[_Worker] = []

        def executor(runs: Sequence[Run], *, force: bool) -> Generator[Done | Failed, None, None]:
            try:
                yield from self._made(runs, force, workers)
            finally:
                if any(worker.unit is not None for worker in workers):
                    _end(workers)

        try:
            yield executor
        finally:
            _end(workers)

    def _made(self, runs: Sequence[Run], force: bool, workers: "list[_Worker]") -> Generator[Done | Failed, None, None]:
        """Make the runs with the workers that are there, and as many new ones as are missing."""
        waiting = Waiting(runs, retries=self.retries)
        for index in range(len(workers), min(self.count, len(waiting))):
            workers.append(_Worker(self.work, self.gpus[index] if self.gpus else None, self.count))
        while waiting:
            for worker in workers:
                if worker.unit is None and (run := waiting.take()) is not None:
                    worker.begin(Assignment(run.unit, run.workspace, force))
            busy = {worker.connection: worker for worker in workers if worker.unit is not None}
            for connection in wait(list(busy)):
                worker = busy[connection]  # type: ignore[index]
                unit, attempt = worker.answer()
                yield from waiting.settled(unit, attempt)


class _Worker:
    """A process and its end of the line; started again where it died or met an error that its memory may remember."""

    def __init__(self, work: Work, gpu: str | None, count: int):
        self.unit: Unit | None = None
        self._work, self._gpu, self._count = work, gpu, count
        self._start()

    def begin(self, assignment: Assignment) -> None:
        self.unit = assignment.unit
        with suppress(OSError):  # it died while it was idle: `answer` finds the line broken
            self.connection.send(assignment)

    def answer(self) -> tuple[Unit, Attempt]:
        """What became of the unit in work; waits for it."""
        unit = self.unit
        assert unit is not None
        self.unit = None
        try:
            attempt = self.connection.recv()
        except (EOFError, OSError):
            self._process.join()
            error = f"the worker process ended with {_ending(self._process.exitcode)}"
            attempt = Attempt(Failed(unit, error), again=True)
        if attempt.again:
            # A device that met an error refuses all further work of the process that met it.
            self.end()
            self._start()
        return unit, attempt

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self.connection.close()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._work, self._count), daemon=True)
        with _seeing(self._gpu), interrupts_held():
            self._process.start()
        theirs.close()


def _end(workers: list[_Worker]) -> None:
    while workers:
        workers.pop().end()


@contextmanager
def _seeing(gpu: str | None) -> Iterator[None]:
    """What is started meanwhile sees this device alone: the variable must be there before its JAX is imported."""
    before = os.environ.get(DEVICES)
    if gpu is not None:
        os.environ[DEVICES] = gpu
    try:
        yield
    finally:
        if gpu is not None:
            os.environ.pop(DEVICES)
            if before is not None:
                os.environ[DEVICES] = before


def _serve(connection: Connection, work: Work, count: int) -> None:
    prepare_jax()  # beside what the environment says already: what JAX need not warn of
    share_processors(count)
    follow_parent()
    sys.stdout = sys.stderr  # one JSON document, and nothing else, belongs on standard output
    while True:
        try:
            assignment = connection.recv()
        except EOFError:
            return
        connection.send(attempted(assignment, work))


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"status {code}"


def visible_gpus() -> tuple[str, ...]:
    """Names of the GPUs that JAX sees, for CUDA_VISIBLE_DEVICES; none on a machine without.

    Asked in a process of its own, since the one that asks reserves most of their memory.
    """
    code = "import jax; print(sum(device.platform == 'gpu' for device in jax.local_devices()))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise UserError(f"JAX must start, but says: {answer.stderr.strip().splitlines()[-1]}")
    count = int(answer.stdout.split()[-1])
    named = tuple(name.strip() for name in os.environ.get(DEVICES, "").split(",") if name.strip())
    return named[:count] if named else tuple(map(str, range(count)))
