"""Work in a process of its own, so that its peak memory and its start are its alone."""

import multiprocessing
from collections.abc import Callable
from typing import Any

from artifacts.runtime import prepare_jax


def apart(work: Callable[..., Any], *arguments: Any) -> Any:
    """What `work` returns in a fresh process with JAX prepared; both must be picklable."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=_answer, args=(theirs, work, arguments))
    process.start()
    theirs.close()
    answer = mine.recv()
    process.join()
    return answer


def _answer(connection: Any, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    prepare_jax()
    connection.send(work(*arguments))
