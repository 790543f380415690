"""Where formulas begin and end in running text that is written in plain notation."""

import functools
import re
from collections.abc import Collection, Iterator

#: Words that are letters too: at the edge of a formula, with no operator beside them, they are words.
ARTICLES = {"a", "A", "I"}
OPERATORS = {"relation", "minus", "slash", "caret"}
CLOSES = {")": "("}


def runs(text: str, symbol: re.Pattern[str], functions: Collection[str]) -> Iterator[tuple[int, int]]:
    """Begin and end of each longest formula: symbols, numbers and operators with nothing but spaces between them.

    A lone symbol is none, nor is what has brackets or bars without their partners. A comma ends a formula unless it
    stands in brackets.

    Args:
      symbol: matches a letter or a Greek name with what hangs on it.
      functions: names such as `cos`, which may stand in a formula.
    """
    run: list[re.Match[str]] = []
    for match in [*_pieces(symbol, tuple(sorted(functions))).finditer(text), None]:
        if match and (not run or _joined(text, run, match)):
            run.append(match)
            continue
        yield from _formulas(text, run)
        run = [match] if match else []


@functools.cache
def _pieces(symbol: re.Pattern[str], functions: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(
        rf"(?P<symbol>{symbol.pattern})|(?P<function>\b(?:sqrt|{'|'.join(functions)})\b)"
        r"|(?P<number>(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?![\w%]))"
        r"|(?P<relation>!=|<=|>=|->|\+-|[=<>]|(?<=\s)[-+/.](?=\s))|(?P<bar>\|\||\|)|(?P<open>\()|(?P<close>\))"
        r"|(?P<caret>(?<=[)|\]])[\^_](?=[\w(+]))|(?P<script>(?<=[\^_])(?:[A-Za-z]+|\d+|\+))"
        r"|(?P<minus>(?<=[(=\s])-(?=[\w(|]))|(?P<slash>(?<=[\w)|])/(?=[\w(|]))|(?P<plus>(?<=\w)\+(?=\d))"
    )


def _joined(text: str, run: list[re.Match[str]], match: re.Match[str]) -> bool:
    between = text[run[-1].end() : match.start()]
    inside = sum(piece.lastgroup == "open" for piece in run) > sum(piece.lastgroup == "close" for piece in run)
    return between in ("", " ") or (inside and between == ", ")


def _formulas(text: str, run: list[re.Match[str]]) -> Iterator[tuple[int, int]]:
    """The formulas of a run, which is divided where a bracket has no partner."""
    open_at: list[int] = []
    for index, piece in enumerate(run):
        if piece.lastgroup == "open":
            open_at.append(index)
        elif piece.lastgroup == "close":
            if not open_at:
                yield from _formulas(text, run[:index])
                yield from _formulas(text, run[index + 1 :])
                return
            open_at.pop()
    if open_at:
        yield from _formulas(text, run[: open_at[0]])
        yield from _formulas(text, run[open_at[0] + 1 :])
        return
    run = _trimmed(run)
    if run and _is_formula(run):
        yield run[0].start(), run[-1].end()


def _trimmed(run: list[re.Match[str]]) -> list[re.Match[str]]:
    """Without operators that lack a side, and without articles at the edges."""
    while run and (run[0].lastgroup in OPERATORS - {"minus"} or (run[0][0] in ARTICLES and not _operator(run, 1))):
        run = run[1:]
    while run and (
        run[-1].lastgroup in OPERATORS | {"function"} or (run[-1][0] in ARTICLES and not _operator(run, -2))
    ):
        run = run[:-1]
    return run


def _operator(run: list[re.Match[str]], index: int) -> bool:
    return -len(run) <= index < len(run) and run[index].lastgroup in OPERATORS | {"open", "bar"}


def _is_formula(run: list[re.Match[str]]) -> bool:
    kinds = [piece.lastgroup for piece in run]
    bars = [piece[0] for piece in run if piece.lastgroup == "bar"]
    paired = all(bars.count(kind) % 2 == 0 for kind in ("|", "||"))
    says_something = {"relation", "bar", "caret", "slash"} & set(kinds) or any(piece[0] == "sqrt" for piece in run)
    return paired and "symbol" in kinds and bool(says_something)
