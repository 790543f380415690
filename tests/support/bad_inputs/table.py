"""The table of docs/security.md: read, and written anew from how every input is met."""

import itertools
import re
import tempfile
from pathlib import Path

from tests.support import ROOT
from tests.support.bad_inputs import commands, files, results
from tests.support.bad_inputs.case import BadInput, Met, met

CASES: tuple[BadInput, ...] = (*commands.CASES, *files.CASES, *results.CASES)
PAGE = ROOT / "docs" / "security.md"
#: Between these lines of the page.
BEGIN, END = "<!-- bad inputs: written by `python -m tests.support.bad_inputs` -->", "<!-- end of bad inputs -->"
#: Characters of a message that the table shows.
SHOWN = 150


def shown(message: str) -> str:
    """A message as a cell of the table."""
    text = message if len(message) <= SHOWN else f"{message[:SHOWN].rstrip()} ..."
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    # A bracket would begin a link.
    return text.replace("|", "\\|").replace("<", "&lt;").replace("$", "&#36;").replace("[", "&#91;")


def rows(page: str) -> dict[tuple[str, str], tuple[str, int]]:
    """Message and exit status by group and input, as the page has them."""
    found: dict[tuple[str, str], tuple[str, int]] = {}
    group = ""
    for line in page[page.index(BEGIN) : page.index(END)].splitlines():
        if line.startswith("### "):
            group = line.removeprefix("### ").capitalize()
        elif cells := re.fullmatch(r"\| (.*?) \| (.*) \| (\d) \|", line):
            found[group, cells[1]] = (cells[2], int(cells[3]))
    return found


def write() -> int:
    """Meet every input, write the table, and give the number of inputs."""
    lines = [f"{len(CASES)} inputs. Names of folders are left out, long messages are cut."]
    for group, cases in itertools.groupby(CASES, key=lambda case: case.group):
        lines += ["", f"### {group.capitalize()}", "", "| what comes | what is said | exit |", "|---|---|---|"]
        for case in cases:
            found = meet(case)
            lines.append(f"| {shown(case.what)} | {shown(found.message)} | {found.status} |")
    page = PAGE.read_text(encoding="utf-8")
    before, after = page[: page.index(BEGIN)], page[page.index(END) :]
    PAGE.write_text("\n".join([before + BEGIN, "", *lines, "", after]), encoding="utf-8")
    return len(CASES)


def meet(case: BadInput) -> Met:
    """How an input is met in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return met(case, Path(folder).resolve())
