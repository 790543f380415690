"""What a module declares with literals, read from its text: so a list of modules comes at once, importing none."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artifacts.syntax import syntax_tree


@dataclass(frozen=True)
class Declared:
    """The arguments of the call that a module assigns to a name.

    Attributes:
      literals: those that are written out, by name.
      computed: the expressions of the others.
    """

    literals: Mapping[str, Any]
    computed: Mapping[str, str]


def declared(
    path: Path, variable: str, *, positional: Sequence[str] = (), nested: Mapping[str, Sequence[str]] | None = None
) -> Declared | None:
    """What `variable = Something(...)` says in a file; None where nothing is assigned to it.

    Args:
      positional: names of the arguments that may be given by position.
      nested: arguments that are tuples of such calls, with the names of their arguments by position; each call becomes
        a mapping of its literals.
    """
    for node in syntax_tree(path).body:
        if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == [variable]:
            return _declared(node.value, positional, nested or {})
    return None


def _declared(call: ast.expr, positional: Sequence[str], nested: Mapping[str, Sequence[str]]) -> Declared:
    if not isinstance(call, ast.Call):
        return Declared({}, {})
    given = dict(zip(positional, call.args, strict=False))
    given |= {str(keyword.arg): keyword.value for keyword in call.keywords}
    literals: dict[str, Any] = {}
    computed: dict[str, str] = {}
    for name, value in given.items():
        try:
            literals[name] = _calls(value, nested[name]) if name in nested else ast.literal_eval(value)
        except ValueError:
            computed[name] = ast.unparse(value)
    return Declared(literals, computed)


def _calls(value: ast.expr, positional: Sequence[str]) -> list[Mapping[str, Any]]:
    if not isinstance(value, ast.Tuple):
        raise ValueError("not a tuple")
    return [_declared(call, positional, {}).literals for call in value.elts]
