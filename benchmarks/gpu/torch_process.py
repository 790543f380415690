"""PyTorch's side of the rates in a process of its own: it compiles while ours compile, and runs when it is told to."""

import multiprocessing
import time
import traceback
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.gpu.programs import CLASSES, FULL_SIDE, LEARNING_RATE, Program

MOMENTUM = 0.9


class Torch:
    """One process for one network, which holds its programs by name."""

    def __init__(self, *, on_gpu: bool):
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, on_gpu), daemon=True)
        self._process.start()
        theirs.close()

    def prepare(self, programs: list[Program]) -> None:
        """Begin to compile; `prepared` waits."""
        self._connection.send(("prepare", programs))

    def prepared(self) -> dict[str, Any]:
        """By program, the seconds that compiling took, or why it cannot run."""
        return self._answer()

    def seconds(self, program: Program, steps: int) -> float:
        """That so many steps take."""
        self._connection.send(("run", (program.name, steps)))
        return self._answer()

    def peak_bytes(self, program: Program) -> int | None:
        """The most that PyTorch allocated during two steps; None on a CPU, where it does not count."""
        self._connection.send(("memory", program.name))
        return self._answer()

    def end(self) -> None:
        self._process.kill()
        self._process.join()

    def _answer(self) -> Any:
        try:
            answer = self._connection.recv()
        except EOFError as error:
            self._process.join()
            raise RuntimeError(f"PyTorch's process ended with status {self._process.exitcode}") from error
        if isinstance(answer, _Failed):
            raise RuntimeError(answer.text)
        return answer


class _Failed:
    def __init__(self, text: str):
        self.text = text


def _serve(connection: Connection, on_gpu: bool) -> None:
    runs: dict[str, Any] = {}
    while True:
        try:
            what, told = connection.recv()
        except EOFError:
            return
        try:
            connection.send(_done(what, told, runs, on_gpu))
        except Exception:
            connection.send(_Failed(traceback.format_exc()[-1500:]))


def _done(what: str, told: Any, runs: dict[str, Any], on_gpu: bool) -> Any:
    import torch

    if what == "prepare":
        return {program.name: _prepared(program, runs, on_gpu) for program in told}
    if what == "memory":
        if not on_gpu:
            return None
        torch.cuda.reset_peak_memory_stats()
        runs[told](2)
        return torch.cuda.max_memory_allocated()
    name, steps = told
    began = time.perf_counter()
    runs[name](steps)
    return time.perf_counter() - began


def _prepared(program: Program, runs: dict[str, Any], on_gpu: bool) -> float | str:
    """Seconds that compiling took, or the reason why it cannot run."""
    from benchmarks import torch_side

    reason = torch_side.why_not(program.network, on_gpu=on_gpu)
    if reason:
        return reason
    import torch

    began = time.perf_counter()
    try:
        both = torch_side.runs(
            program.network, program.batch, program.side, program.precision, CLASSES, LEARNING_RATE, MOMENTUM,
            on_gpu=on_gpu, small=program.side < FULL_SIDE,
        )  # fmt: skip
        both[program.kind](2)  # the first call compiles, the second sees that no other is needed
    except Exception as error:
        return f"{type(error).__name__}: {str(error).strip()[:300]}"
    runs[program.name] = both[program.kind]
    if on_gpu:
        torch.cuda.empty_cache()
    return time.perf_counter() - began
