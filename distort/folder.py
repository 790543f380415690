"""A results folder held by one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from artifacts import UserError, open_results_folder
from artifacts.directory import remove_leftovers
from artifacts.results_folder import MARKER, check_layout

LOCK = ".distort.lock"


@contextmanager
def held(path: Path) -> Iterator[Path]:
    """The folder, made ready and locked against other `distort` processes until the block ends.

    The lock belongs to the process: the system lifts it when the process dies, however it dies. What a killed process
    left half written is removed; a worker that has outlived its client keeps what it is writing.

    Raises:
      UserError: the folder is foreign or unwritable, or another process is working in it.
    """
    from filelock import FileLock, Timeout

    folder = open_results_folder(path)
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise UserError(
            f"{path} must be free, but another distort process is working in it; wait for it, or name another folder."
        ) from error
    try:
        remove_leftovers(folder)
        yield folder
    finally:
        lock.release()


def existing(path: Path) -> Path:
    """A results folder that must be there already.

    Raises:
      UserError: there is none.
    """
    if not (path / MARKER).is_file():
        raise UserError(f"{path} must be a results folder, but it is none; `distort reproduce --out {path}` makes one.")
    check_layout(path)
    return path


def refuse_another_suite(results: Path, suite: str) -> None:
    """A results folder holds one suite: its figures and its report are about that one.

    Raises:
      UserError: the folder's benchmark is of another suite.
    """
    from artifacts.reading import read_json

    try:
        there = read_json(results / "benchmark" / "suite.json")["name"]
    except (OSError, ValueError, KeyError, TypeError):
        return  # none yet, or one that cannot be read and is written again
    if there != suite:
        raise UserError(
            f"{results} must hold no other suite than `{suite}`, but has the benchmark of `{there}`; name another "
            "folder with --out."
        )
