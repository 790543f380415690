"""A table of text, and its two spellings."""

from collections.abc import Sequence
from dataclasses import dataclass

# In LaTeX these mean something else than themselves.
_ESCAPED = {"\\": r"\textbackslash{}", **{sign: f"\\{sign}" for sign in "&%$#_{}"}, "~": r"\textasciitilde{}",
            "^": r"\textasciicircum{}", "±": r"$\pm$", "−": "$-$", "<": r"\textless{}", ">": r"\textgreater{}",
            "|": r"\textbar{}"}  # fmt: skip


@dataclass(frozen=True)
class Table:
    """Cells as they are shown.

    Attributes:
      name: of the file, without ending.
      rules: rows (counted from 0) that begin a new group.
    """

    name: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    rules: tuple[int, ...] = ()


def markdown(table: Table) -> str:
    """With pipes; a bar inside a cell is escaped."""
    lines = [_piped(table.header), "|" + "---|" * len(table.header), *map(_piped, table.rows)]
    notes = [_one_line(note) for note in table.notes]
    return "\n".join([f"## {_one_line(table.title)}", "", *lines, "", *notes]).rstrip() + "\n"


def latex(table: Table) -> str:
    """For `booktabs`, with the title as caption."""
    columns = "l" + "r" * (len(table.header) - 1)
    body = []
    for index, row in enumerate(table.rows):
        body += [r"\midrule"] if index in table.rules and index else []
        body.append(_row(row))
    lines = [
        r"\begin{table}", r"\centering", rf"\caption{{{_escaped(' '.join((table.title + '.', *table.notes)))}}}",
        rf"\begin{{tabular}}{{{columns}}}", r"\toprule", _row(table.header), r"\midrule", *body, r"\bottomrule",
        r"\end{tabular}", r"\end{table}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _piped(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_one_line(cell).replace("|", "\\|") for cell in cells) + " |"


def _one_line(text: str) -> str:
    """Without line ends, which end a row, and without `<`, which begins HTML."""
    return " ".join(text.split()).replace("<", "&lt;")


def _row(cells: Sequence[str]) -> str:
    return " & ".join(map(_escaped, cells)) + r" \\"


def _escaped(text: str) -> str:
    return "".join(_ESCAPED.get(sign, sign) for sign in " ".join(text.split()))
