"""Marked blocks of a page: what stands between the two marks is written by a program."""

import re
from collections.abc import Callable, Mapping

BLOCK = re.compile(r"(<!-- generated: (?P<name>[a-z_]+) -->\n).*?(\n<!-- end -->)", flags=re.DOTALL)


def names(text: str) -> list[str]:
    """The blocks of a page, in their order."""
    return [match["name"] for match in BLOCK.finditer(text)]


def filled(text: str, contents: Mapping[str, Callable[[], str]]) -> str:
    """The page with every block written anew.

    Raises:
      KeyError: nothing is known under the name of a block.
    """
    return BLOCK.sub(lambda match: f"{match[1]}{contents[match['name']]().strip()}{match[3]}", text)


def table(header: list[str], rows: list[list[str]], *, numbers_from: int | None = None) -> str:
    """A Markdown table; columns from `numbers_from` on are aligned to the right."""
    first = len(header) if numbers_from is None else numbers_from
    rule = ["---"] * first + ["---:"] * (len(header) - first)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, rule, *rows])
