"""Names that a user types, held against the names that there are."""

from collections.abc import Sequence
from difflib import get_close_matches

from distort.command import Answer, UsageError, table

#: In the place of names: say which there are.
LIST = "list"
HEADER = ("name", "title")
#: A longer list of names is not written into a message.
SHOWN = 12
#: How much of two names must agree before one is taken for the other with a slip: a letter or two, not half of a word.
ALIKE = 0.8


def known(names: Sequence[str], valid: Sequence[str], *, kind: str, listing: str = "") -> tuple[str, ...]:
    """The names, each once and in the order given.

    Args:
      kind: what they name, in the singular.
      listing: where all of them are listed, as words that may follow "shows".
    Raises:
      UsageError: a name that does not exist; the message gives those that resemble it or hold it.
    """
    for name in names:
        if name not in valid:
            raise UsageError(f"There is no {kind} '{name}'; {_instead(name, valid, listing)}.")
    return tuple(dict.fromkeys(names))


def chosen(
    names: Sequence[str], valid: Sequence[str], *, everything: bool, kind: str, listing: str = ""
) -> tuple[str, ...]:
    """The names given, or all of them; exactly one of the two must be asked for.

    Args:
      everything: whether all are asked for.
      kind: what they name, in the singular.
      listing: where all of them are listed.
    Raises:
      UsageError: both or neither are, or a name does not exist.
    """
    if bool(names) == everything:
        came = "both" if names else "neither"
        there = _all(valid, listing)
        raise UsageError(
            f"Name at least one {kind} or pass --all, not both; got {came}. {there[0].upper()}{there[1:]}."
        )
    return tuple(valid) if everything else known(names, valid, kind=kind, listing=listing)


def listed(titled: Sequence[tuple[str, str]]) -> Answer:
    """What the word `list` is answered with.

    Args:
      titled: names and titles.
    """
    return Answer([dict(zip(HEADER, row, strict=True)) for row in titled], table(HEADER, titled))


def _instead(name: str, valid: Sequence[str], listing: str) -> str:
    if near := get_close_matches(name, valid, n=3, cutoff=ALIKE):
        return f"the nearest {'names are' if len(near) > 1 else 'name is'}: {', '.join(near)}"
    inside = [candidate for candidate in valid if name.lower() in candidate.lower()]
    if len(name) > 1 and 0 < len(inside) <= SHOWN:
        return f"it is part of: {', '.join(inside)}"
    return _all(valid, listing)


def _all(valid: Sequence[str], listing: str) -> str:
    if not valid:
        return "there are none here"
    if listing and len(valid) > SHOWN:
        return f"{listing} shows all {len(valid)}"
    return f"there are: {', '.join(valid)}"
