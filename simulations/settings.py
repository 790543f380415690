"""Settings of a user's own: some fields of an experiment's configuration changed, from the command line or a file.

Results of each setting lie in a folder of its own, named by what was changed (`artifacts.results_folder.of_setting`).
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from artifacts import ArgumentError, UserError
from artifacts.reading import read_toml, why_unreadable
from simulations.experiment import Configuration, Experiment, Scale

#: The letters of the documentation for the fields of `Dimensions`.
AXES = {"d": "input_dim", "k": "feature_dim", "m": "id_dim"}
#: Labels longer than this are cut, and told apart by a hash.
LONGEST_LABEL = 80

#: What needs no quotes.
WORD = r"[A-Za-z_][\w-]*"

Changes = Mapping[str, Any]


def parsed(assignments: Sequence[str]) -> dict[str, Any]:
    """Changes from texts like `dimensions.k=5` or `angles=[0.1, 0.2]`, the value in TOML; words need no quotes.

    Raises:
      ArgumentError: a text without an equals sign.
    """
    changes: dict[str, Any] = {}
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not (path and equals):
            raise ArgumentError(f"A setting must be NAME=VALUE, e.g. dimensions.k=5, got {assignment!r}.")
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError as error:
            if not re.fullmatch(WORD, text.strip()):
                raise ArgumentError(
                    f"A setting's value must be a TOML value or a word, got {text!r} for {path} ({error})."
                ) from error
            value = text.strip()
        except RecursionError as error:  # the parser calls itself for every bracket
            raise ArgumentError(f"A setting must be NAME=VALUE, but that of {path} is nested too deeply.") from error
        *above, last = path.strip().split(".")
        table = changes
        for name in above:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                raise ArgumentError(f"A setting must be given once, but {name} has a value and fields: {assignment!r}.")
        table[last] = value
    return changes


def read(path: Path) -> dict[str, Any]:
    """Changes from a TOML file, whose tables and keys are those of the configuration.

    Raises:
      UserError: the file cannot be read.
    """
    try:
        return read_toml(path)
    except (OSError, ValueError) as error:
        said = why_unreadable(error)
        raise UserError(f"{path} must be a TOML file of settings, but cannot be read ({said}).") from error


def merged(first: Changes, second: Changes) -> dict[str, Any]:
    """Both changes; where both say something, the second."""
    both = dict(first)
    for name, value in second.items():
        inner = both.get(name)
        both[name] = merged(inner, value) if isinstance(inner, Mapping) and isinstance(value, Mapping) else value
    return both


def configured(experiment: Experiment, scale: Scale, changes: Changes) -> Configuration:
    """The experiment's configuration at a scale, with these changes.

    Args:
      changes: values by field, nested as the configuration is; d, k and m stand for the fields of `dimensions`.
    Raises:
      ArgumentError: a field that the configuration does not have, with the nearest that it has, or a value that it
        refuses.
    """
    config = experiment.config(scale)
    fields = config.model_dump()
    _change(fields, _with_whole_names(changes), experiment.name)
    try:
        return type(config).model_validate(fields)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"]))
        message = str(problem["msg"]).removeprefix("Value error, ").rstrip(".")
        named = f"{experiment.name}: {field}" if field else experiment.name
        raise ArgumentError(f"Settings must fit together ({named}): {message}.") from error


def label(experiment: Experiment, scale: Scale, config: Configuration) -> str:
    """How a configuration differs from the plain one at its scale, as the name of a folder; empty where it does not."""
    plain, given = _flat(experiment.config(scale)), _flat(config)
    differences = [f"{name}={_text(value)}" for name, value in given.items() if value != plain.get(name)]
    text = ",".join(differences)
    if len(text) <= LONGEST_LABEL:
        return text
    return f"{text[:LONGEST_LABEL]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _change(fields: dict[str, Any], changes: Changes, name: str) -> None:
    for key, value in changes.items():
        if key not in fields:
            near = get_close_matches(key, fields, n=3, cutoff=0.5)
            said = f"the nearest is {', '.join(near)}" if near else f"it has: {', '.join(fields)}"
            raise ArgumentError(f"{name} has no setting `{key}`; {said}.")
        if isinstance(fields[key], dict):
            if not isinstance(value, Mapping):
                raise ArgumentError(f"`{key}` of {name} has parts; set e.g. {key}.{next(iter(fields[key]))}={value}.")
            _change(fields[key], value, f"{key} of {name}")
        else:
            fields[key] = value


def _with_whole_names(changes: Changes) -> dict[str, Any]:
    dimensions = changes.get("dimensions")
    if not isinstance(dimensions, Mapping):
        return dict(changes)
    return {**changes, "dimensions": {AXES.get(name, name): value for name, value in dimensions.items()}}


def _flat(config: BaseModel, prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name in type(config).model_fields:
        value = getattr(config, name)
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, BaseModel) else {prefix + name: value}
    return flat


def _text(value: Any) -> str:
    """A value as part of a folder's name."""
    text = "-".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return "".join(letter if letter.isalnum() or letter in ".-+_" else "_" for letter in text)
