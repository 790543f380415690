"""What is wrong with a document, in one line; a key that does not exist is named with the nearest that does."""

import types
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

#: Characters of a wrong value that a message repeats.
LONGEST_VALUE = 60


def mistake(error: ValidationError, document: type[BaseModel], *, whole: str = "") -> str:
    """One mistake, where it is and what is wrong: a key that does not exist before others, which may follow from it.

    Args:
      document: the model that refused.
      whole: name of the document, for a mistake that is of no single field.
    """
    errors: list[Any] = error.errors()
    first = next((mistake for mistake in errors if mistake["type"] == "extra_forbidden"), errors[0])
    field = ".".join(map(str, first["loc"])) or whole
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        fields = _fields(document, first["loc"][:-1])
        near = get_close_matches(str(first["loc"][-1]), fields, n=2, cutoff=0.5)
        message = f"there is no such key; {'the nearest is' if near else 'there are'} {', '.join(near or fields)}"
    elif first["type"] not in ("missing", "value_error") and isinstance(first["input"], str | int | float):
        message += f", got {repr(first['input'])[:LONGEST_VALUE]}"
    return f"{field}: {message}" if field else message


def _fields(document: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """The fields of the part of a document that a path leads to; those of the last model that is recognised."""
    kind: Any = document
    fields = list(document.model_fields)
    for step in path:
        kind = _inner(kind, step)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            fields = list(kind.model_fields)
    return fields


def _inner(kind: Any, step: str | int) -> Any:
    """The annotation of a field or an element."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        named = kind.model_fields.get(str(step))
        return _model(named.annotation) if named else None
    arguments = get_args(kind)
    return _model(arguments[-1 if get_origin(kind) in (dict, Mapping) else 0]) if arguments else None


def _model(kind: Any) -> Any:
    """The one part of a union that has fields or elements."""
    if get_origin(kind) not in (Union, types.UnionType):
        return kind
    parts = [
        part for part in get_args(kind) if get_args(part) or (isinstance(part, type) and issubclass(part, BaseModel))
    ]
    return parts[0] if parts else None
