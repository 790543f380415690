"""Names that a user types, held against the names that there are."""

from collections.abc import Sequence
from difflib import get_close_matches

from distort.command import UsageError


def known(names: Sequence[str], valid: Sequence[str], *, kind: str) -> tuple[str, ...]:
    """The names, each once and in the order given.

    Args:
      kind: what they name, in the singular.
    Raises:
      UsageError: a name that does not exist; the message gives the nearest that do.
    """
    for name in names:
        if name not in valid:
            near = get_close_matches(name, valid, n=3)
            shown = ", ".join(near or valid)
            raise UsageError(
                f"There is no {kind} '{name}'; {'the nearest names are' if near else 'there are'}: {shown}."
            )
    return tuple(dict.fromkeys(names))


def chosen(names: Sequence[str], valid: Sequence[str], *, everything: bool, kind: str) -> tuple[str, ...]:
    """The names given, or all of them; exactly one of the two must be asked for.

    Args:
      everything: whether all are asked for.
      kind: what they name, in the singular.
    Raises:
      UsageError: both or neither are, or a name does not exist.
    """
    if bool(names) == everything:
        came = "both" if names else "neither"
        raise UsageError(
            f"Name at least one {kind} or pass --all, not both; got {came}. There are: {', '.join(valid)}."
        )
    return tuple(valid) if everything else known(names, valid, kind=kind)
