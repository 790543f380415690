"""The command line: reads arguments, runs one command, prints its answer. Nothing heavy is imported to parse."""

import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import NoReturn

from artifacts.errors import ArgumentError
from artifacts.runtime import collect_garbage_rarely, keep_compiled, prepare_jax
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
    prepare_jax()
    keep_compiled()
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        try:
            command = parsed(arguments)
        except SystemExit:
            sys.stdout.flush()
            raise
        return run_command(command)
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


def run_command(command: Command) -> int:
    """Run a command and print its answer, or what went wrong in one line; gives the exit status."""
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


def _print(text: str) -> None:
    sys.stdout.write(text.rstrip("\n") + "\n")
    sys.stdout.flush()


def _one_line(error: Exception) -> str:
    from artifacts.errors import UserError, obstacle

    message = " ".join(str(error).split())
    if isinstance(error, UserError):
        return message
    if in_the_way := obstacle(error):
        return in_the_way
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
    collect_garbage_rarely()
    sys.exit(main())


if __name__ == "__main__":
    run()
