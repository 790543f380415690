"""What statements say, read from the text of their modules: they are listed at once, without JAX."""

import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from artifacts.declared import declared
from theory import statements

#: What a statement is that does not say otherwise, as in `Statement`.
USUAL: dict[str, Any] = {"proof": None, "order": 1000}
#: The fields of a `Statement` that say how it is worded, and those of a `Counterexample`.
FIELDS = ("name", "source", "claim", "latex", "premises", "published", *USUAL)
SHOWN = ("name", "shows")
COUNTEREXAMPLES = "counterexamples"


@dataclass(frozen=True)
class ShownBy:
    """A counterexample's name and what it shows."""

    name: str
    shows: str


@dataclass(frozen=True, kw_only=True)
class Wording:
    """The fields of a `Statement` that are text, each as there, and its counterexamples by name."""

    name: str
    source: str
    claim: str
    latex: str
    premises: str
    published: bool
    proof: str | None
    order: int
    counterexamples: tuple[ShownBy, ...]


def wordings() -> tuple[Wording, ...]:
    """Of every statement, in the order of `STATEMENTS`.

    A module is imported where it declares them otherwise than with literals or another statement's counterexamples.
    """
    worded = [wording for path in Path(*statements.__path__).glob("*.py") if (wording := worded_in(path)) is not None]
    return tuple(sorted(worded, key=lambda wording: (wording.order, wording.name)))


def worded_in(path: Path) -> Wording | None:
    """How a module words its statement; None where it has none."""
    declaration = declared(path, "STATEMENT", nested={COUNTEREXAMPLES: SHOWN})
    if declaration is None:
        return None
    fields = {**USUAL, **declaration.literals}
    computed = dict(declaration.computed)
    if another := re.fullmatch(r"(\w+)\.STATEMENT\.counterexamples", computed.get(COUNTEREXAMPLES, "")):
        other = worded_in(path.with_name(f"{another[1]}.py"))
        fields[COUNTEREXAMPLES] = [] if other is None else [vars(example) for example in other.counterexamples]
        del computed[COUNTEREXAMPLES]
    shown = fields.get(COUNTEREXAMPLES, ())
    read = fields.keys() >= set(FIELDS) and not computed.keys() & {*FIELDS, COUNTEREXAMPLES}
    if not read or not all(example.keys() >= set(SHOWN) for example in shown):
        statement = import_module(f"{statements.__name__}.{path.stem}").STATEMENT
        fields, shown = vars(statement), [vars(example) for example in statement.counterexamples]
    return Wording(
        counterexamples=tuple(ShownBy(example["name"], example["shows"]) for example in shown),
        **{name: fields[name] for name in FIELDS},
    )
