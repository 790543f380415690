"""What every command shares: two flags, what it answers with, and the two ways of going wrong."""

import json
import shutil
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

from artifacts.errors import ArgumentError

#: How much is done: a check, what figures deserve, or everything there is time for.
Scale = Literal["quick", "default", "full"]

#: Characters of a line where standard output is no terminal.
WIDTH = 120
#: No terminal is taken to be narrower: the parser lays help out in columns and does not end where there is no room.
NARROWEST = 40
#: Between two columns of a table.
GAP = "  "


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


def line_width() -> int:
    """Characters of a line: the terminal's, or what `COLUMNS` says; elsewhere `WIDTH`."""
    return max(shutil.get_terminal_size(fallback=(WIDTH, 1)).columns, NARROWEST)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Left-aligned columns in lines that fit; where they do not, the widest are broken between words, never inside."""
    lines = [tuple(header), *map(tuple, rows)]
    columns = list(zip(*lines, strict=True))
    widths = [max(map(len, cells)) for cells in columns]
    narrowest = [max((len(word) for cell in cells for word in cell.split()), default=0) for cells in columns]
    while sum(widths) + len(GAP) * (len(widths) - 1) > line_width():
        wide = [column for column, width in enumerate(widths) if width > narrowest[column]]
        if not wide:
            break
        widths[max(wide, key=widths.__getitem__)] -= 1
    return "\n".join(_row(line, widths) for line in lines)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    broken = [_broken(cell, width) or [""] for cell, width in zip(cells, widths, strict=True)]
    return "\n".join(
        GAP.join(part.ljust(width) for part, width in zip(parts, widths, strict=True)).rstrip()
        for parts in zip_longest(*broken, fillvalue="")
    )


def _broken(text: str, width: int, first: str = "", later: str = "") -> list[str]:
    """Lines of at most `width`, with what they begin with; a word, such as an address, is never broken."""
    if not first and len(text) <= width:
        return [text]  # as it is, with its spaces
    return textwrap.wrap(
        text,
        max(width, 1),
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )


def wrapped(label: str, text: str) -> str:
    """A text behind its label, in lines that fit; a word, such as an address, is never broken."""
    lines = _broken(text, line_width(), label, " " * len(label))
    return "\n".join(lines or [label.rstrip()])


def note(text: str) -> str:
    """A paragraph in lines that fit; all but the first are indented further."""
    indent = " " * (len(text) - len(text.lstrip()) + 2)
    return "\n".join(_broken(text, line_width(), later=indent))


def entry(title: str, fields: Sequence[tuple[str, str]]) -> str:
    """A title, and below it what there is to say, a field a line; fields without text are left out."""
    width = max(len(label) for label, _ in fields) + 2
    return "\n".join([title, *(wrapped(f"  {label:<{width}}", text) for label, text in fields if text)])
