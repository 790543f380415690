"""The command line: reads arguments, runs one command, prints its answer. Nothing heavy is imported to parse."""

import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import NoReturn

from artifacts.errors import ArgumentError
from artifacts.runtime import prepare_jax
from distort.command import Command, as_json
from distort.interruption import INTERRUPTED, MESSAGE, end_when_interrupted
from distort.parsing import parsed
from distort.streams import abandon_stdout, open_closed_streams

SUCCESS, FAILURE, WRONG_USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `distort` and give its exit status: 0 success, 1 failure, 2 wrong usage, 130 interrupted.

    Raises:
      SystemExit: after `--help` and `--version` (0).
    """
    open_closed_streams()
    configure_jax()
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        try:
            command = parsed(arguments)
        except SystemExit:
            sys.stdout.flush()
            raise
        return _run(command)
    except BrokenPipeError:  # the reader went away (`distort theory list | head`): no complaint
        abandon_stdout()
        return SUCCESS
    except OSError as error:  # a full disk
        if "--debug" in arguments:
            raise
        _complain(f"the answer must be written to standard output, but that failed ({error.strerror})")
        abandon_stdout()
        return FAILURE
    except ArgumentError as error:
        if "--debug" in arguments:
            raise
        _complain(_one_line(error))
        return WRONG_USAGE
    except KeyboardInterrupt:  # in a program that calls this; the command itself is ended (`run`)
        sys.stderr.write(f"{MESSAGE}\n")
        return INTERRUPTED


def _run(command: Command) -> int:
    try:
        # Whatever a library prints must not end up in the middle of a JSON document.
        with redirect_stdout(sys.stderr):
            answer = command()
    except Exception as error:
        if command.debug or isinstance(error, ArgumentError | BrokenPipeError):
            raise
        _complain(_one_line(error))
        return FAILURE
    _print(as_json(answer.document) if command.json else answer.text)
    if answer.failure:
        _complain(answer.failure)
        return FAILURE
    return SUCCESS


def configure_jax() -> None:
    """Double precision, and compiled code kept between runs; by environment, since importing JAX takes a second.

    The folder is named after the processor: code compiled for one may not run on another that shares the home. Where
    none can be written, nothing is kept.
    """
    prepare_jax()
    cache = _cache_folder()
    if cache is not None:
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache / f"xla-{_processor()}"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")


def _cache_folder() -> Path | None:
    """`$XDG_CACHE_HOME/feature-distortion`; None where there is no home, as in a container, or it cannot be written."""
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "feature-distortion"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


def _processor() -> str:
    import hashlib
    import platform

    try:
        described = [
            line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith(("model name", "flags"))
        ]
    except OSError:
        described = [platform.processor()]
    return hashlib.sha256("\n".join(sorted(set(described))).encode()).hexdigest()[:12]


def _print(text: str) -> None:
    sys.stdout.write(text.rstrip("\n") + "\n")
    sys.stdout.flush()


def _one_line(error: Exception) -> str:
    from artifacts.errors import UserError

    message = " ".join(str(error).split())
    if isinstance(error, UserError):
        return message
    platforms = os.environ.get("JAX_PLATFORMS")
    if platforms and _starts_no_device():
        return f"JAX_PLATFORMS must name devices that are here, got {platforms}; unset it, or set it to cpu."
    return f"{type(error).__name__}: {message} (--debug shows where)"


def _starts_no_device() -> bool:
    """Whether JAX, where it is in use, finds no device; what it raises then may say nothing."""
    if "jax" not in sys.modules:
        return False
    try:
        return not sys.modules["jax"].devices()
    except Exception:
        return True


def _complain(message: str) -> None:
    print(f"distort: {message}", file=sys.stderr)


def run() -> NoReturn:
    """The program `distort`."""
    open_closed_streams()
    end_when_interrupted()
    sys.exit(main())


if __name__ == "__main__":
    run()
