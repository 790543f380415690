"""The command line: reads arguments, runs one command, prints its answer. Nothing heavy is imported to parse."""

import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

from artifacts.runtime import prepare_jax
from distort.command import Command, UsageError, as_json

SUCCESS, FAILURE, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `distort` and give its exit status: 0 success, 1 failure, 2 wrong usage.

    Raises:
      SystemExit: from the parser, for `--help` (0) and for arguments that it cannot read (2).
    """
    _configure_jax()
    command = _parsed(sys.argv[1:] if arguments is None else arguments)
    try:
        # Whatever a library prints must not end up in the middle of a JSON document.
        with redirect_stdout(sys.stderr):
            answer = command()
        _print(as_json(answer.document) if command.json else answer.text)
    except BrokenPipeError:
        # The reader went away (`distort theory list | head`): no complaint, but nothing more to write to either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SUCCESS
    except KeyboardInterrupt:
        _complain("interrupted; the same command continues where it stopped")
        return INTERRUPTED
    except Exception as error:
        if command.debug:
            raise
        _complain(_one_line(error))
        return WRONG_USAGE if isinstance(error, UsageError) else FAILURE
    if answer.failure:
        _complain(answer.failure)
        return FAILURE
    return SUCCESS


def _configure_jax() -> None:
    """Double precision, and compiled code kept between runs; by environment, since importing JAX takes a second.

    The folder is named after the processor: code compiled for one may not run on another that shares the home.
    """
    prepare_jax()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "feature-distortion"
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache / f"xla-{_processor()}"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")


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


def _parsed(arguments: Sequence[str]) -> Command:
    import tyro

    from distort import bench, doctor, figures, report, reproduce, simulate, theory

    app = tyro.extras.SubcommandApp()
    app.command(reproduce.Reproduce, name="reproduce")
    app.command(theory.commands(), name="theory", help="The paper's statements: list, show, verify, attack, replay.")
    app.command(simulate.Simulate, name="simulate")
    app.command(bench.commands(), name="bench", help="The benchmark on real images: run, status, collect.")
    app.command(figures.Figures, name="figures")
    app.command(report.Report, name="report")
    app.command(doctor.Doctor, name="doctor")
    return app.cli(
        prog="distort",
        description="Why fine-tuning wins in distribution and loses out of it: theorems, simulations, benchmark.",
        args=list(arguments),
        config=(tyro.conf.FlagCreatePairsOff,),
    )


def _print(text: str) -> None:
    sys.stdout.write(text.rstrip("\n") + "\n")
    sys.stdout.flush()


def _one_line(error: Exception) -> str:
    from artifacts.errors import UserError

    message = " ".join(str(error).split())
    if isinstance(error, UserError):
        return message
    return f"{type(error).__name__}: {message} (--debug shows where)"


def _complain(message: str) -> None:
    print(f"distort: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
