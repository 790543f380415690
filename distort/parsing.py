"""Arguments to a command: every mistake in them is one line, and help fits any terminal."""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from difflib import get_close_matches
from importlib import metadata
from io import StringIO

from distort.command import Command, UsageError, line_width
from distort.names import ALIKE

#: Wide enough that no message is wrapped.
UNWRAPPED = 2000
DISTRIBUTION = "feature-distortion"
COMMANDS = ("reproduce", "theory", "simulate", "bench", "advise", "figures", "report", "doctor")


def parsed(arguments: Sequence[str]) -> Command:
    """The command that the arguments name.

    Raises:
      UsageError: they name none, or give it what it does not take.
      SystemExit: after `--help` and `--version` (0).
    """
    if list(arguments) == ["--version"]:
        print(f"distort {metadata.version(DISTRIBUTION)}")
        raise SystemExit(0)
    said = StringIO()
    try:
        with _columns(line_width()), redirect_stderr(said):
            return _read(arguments)
    except SystemExit as end:
        if not end.code:
            sys.stderr.write(said.getvalue())
            raise
    # The parser draws no frame where standard output takes ASCII alone, whatever standard error takes.
    with _columns(UNWRAPPED), redirect_stderr(said := _Text()), redirect_stdout(_Text()):
        try:
            return _read(arguments)
        except SystemExit:
            raise UsageError(_one_line(said.getvalue(), arguments)) from None


class _Text(StringIO):
    encoding = "utf-8"


def _read(arguments: Sequence[str]) -> Command:
    import tyro

    from distort import advise, bench, doctor, figures, report, reproduce, simulate, theory

    app = tyro.extras.SubcommandApp()
    app.command(name="reproduce")(reproduce.Reproduce)
    app.command(theory.commands(), name="theory", help="The paper's statements: list, show, verify, attack, replay.")
    app.command(name="simulate")(simulate.Simulate)
    app.command(bench.commands(), name="bench", help="The benchmark on real images: run, status, collect.")
    app.command(name="advise")(advise.Advise)
    app.command(name="figures")(figures.Figures)
    app.command(name="report")(report.ReportCommand)
    app.command(name="doctor")(doctor.Doctor)
    return app.cli(
        prog="distort",
        description="Why fine-tuning wins in distribution and loses out of it: theorems, simulations, benchmark.",
        args=list(arguments),
        config=(tyro.conf.FlagCreatePairsOff,),
    )


def _one_line(boxed: str, arguments: Sequence[str]) -> str:
    """The parser's message, which comes in a frame with rules between its parts: the mistake and what may be meant."""
    lines = [line.strip("│ ").strip() for line in boxed.splitlines() if line.startswith("│")]
    mistake: list[str] = []
    for line in lines:
        if set(line) <= {"─"}:
            break
        mistake.append(line)
    message = " ".join(mistake).rstrip(".") or "These arguments cannot be read"
    unknown = message.removeprefix("Unrecognized options: ").split(", ")
    command = [word for word in arguments[:2] if not word.startswith("-") and word not in unknown]
    near = ""
    if message.startswith("Unrecognized"):  # elsewhere the names below the rule are those of what is wrong itself
        near = next((line.split()[0] for line in lines[len(mistake) :] if line.startswith("--")), "")
        if not near and not command:
            near = next(iter(get_close_matches(unknown[0], COMMANDS, n=1, cutoff=ALIKE)), "")
    perhaps = f"; perhaps {near} is meant" if near else ""
    message = re.sub(r"^Missing from (distort[\w ]*): (.*?)\.? \(required\)$", r"\1 needs \2", message)
    return f"{message}{perhaps}. `{' '.join(('distort', *command))} --help` shows what there is."


@contextmanager
def _columns(width: int) -> Iterator[None]:
    """The width that the parser believes in."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(width)
    try:
        yield
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
