"""What every command shares: two flags, what it answers with, and the two ways of going wrong."""

import json
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from artifacts.errors import ArgumentError

#: How much is done: a check, what figures deserve, or everything there is time for.
Scale = Literal["quick", "default", "full"]


#: Characters of a line of wrapped text.
WIDTH = 120


class UsageError(ArgumentError):
    """The command line itself is wrong: one line on standard error, exit status 2."""


@dataclass(frozen=True)
class Answer:
    """What a command has to say, in both forms.

    Attributes:
      document: pydantic models, dataclasses and plain values: what `--json` prints.
      text: the same for a reader.
      failure: one line for standard error where the command did its work and the result is bad; exit status 1.
    """

    document: Any
    text: str
    failure: str = ""


@dataclass(frozen=True, kw_only=True)
class Command(ABC):
    """Flags that every command takes; calling a command does its work."""

    json: bool = False
    """Print one JSON document on standard output and nothing else there."""
    debug: bool = False
    """Show the traceback of an error."""

    @abstractmethod
    def __call__(self) -> Answer:
        """Do the work, and say what came of it."""


@dataclass(frozen=True, kw_only=True)
class MakingCommand(Command):
    """The flag of commands that make results, or say which they would make."""

    accept_versions: bool = False
    """Keep results that other versions of libraries made, and say which; else they are made again."""

    def accept(self) -> None:
        """Do as the flag says, in this process and those that it starts."""
        from artifacts.versions import accept_other_versions

        if self.accept_versions:
            accept_other_versions()


def as_json(document: Any) -> str:
    """A document as JSON; NaN and infinity are refused, since JSON has no spelling for them."""
    from pydantic_core import to_jsonable_python

    return json.dumps(to_jsonable_python(document), indent=1, allow_nan=False, ensure_ascii=False)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Left-aligned columns, as wide as they must be and never cut."""
    lines = [tuple(header), *map(tuple, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def wrapped(label: str, text: str) -> str:
    """A text behind its label, in lines that fit a terminal; a word, such as an address, is never broken."""
    indented = " " * len(label)
    return textwrap.fill(
        text, WIDTH, initial_indent=label, subsequent_indent=indented, break_long_words=False, break_on_hyphens=False
    )


def entry(title: str, fields: Sequence[tuple[str, str]]) -> str:
    """A title, and below it what there is to say, a field a line; fields without text are left out."""
    width = max(len(label) for label, _ in fields) + 2
    return "\n".join([title, *(wrapped(f"  {label:<{width}}", text) for label, text in fields if text)])
