"""A method from a TOML file or from a word on the command line."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from artifacts import UserError
from artifacts.reading import read_toml, why_unreadable
from empirical.methods.method import Method
from empirical.methods.named import METHODS


def method(description: str | Mapping[str, Any]) -> Method:
    """The method that a name or a table describes.

    A name is a label such as "LP-FT (eval)", or the part before the bracket, which means the mode in which that method
    is first listed: "FT" is in train mode, "LP-FT" in eval mode, as in the paper. A table may say `like = "FT"` and
    then only what differs.

    Raises:
      UserError: no such method, an unknown field, or values that contradict each other.
    """
    if isinstance(description, str):
        return _named(description)
    fields = dict(description)
    if "like" in fields:
        like = _named(_word(fields.pop("like")))
        if "name" not in fields and fields.keys() - {"norm_mode"}:
            raise UserError(f"A method like {like.label} must have a name of its own; add `name` to the table.")
        fields = {**like.model_dump(), **fields}
    try:
        return Method.model_validate(fields)
    except ValidationError as error:
        raise UserError(f"{_first(error)} (method {fields.get('name', 'without a name')!r}).") from error


def read_method(path: Path) -> Method:
    """The method in a TOML file.

    Raises:
      UserError: the file cannot be read, or what it says is no method.
    """
    try:
        described = read_toml(path)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} must be a TOML file that describes a method ({why_unreadable(error)}).") from error
    try:
        return method(described)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def _named(name: str) -> Method:
    if name in METHODS:
        return METHODS[name]
    for method in METHODS.values():
        if method.name == name:
            return method
    near = difflib.get_close_matches(name, [*METHODS, *(method.name for method in METHODS.values())], n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(METHODS)}."
    raise UserError(f"A method must be one of the named ones or a table, got {name!r}{hint}")


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise UserError(f"`like` must name a method, got {value!r}.")
    return value


def _first(error: ValidationError) -> str:
    """The first mistake, in one line."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message[0].upper() + message[1:]
