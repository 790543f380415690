"""Names and titles of the experiments, read from the text of their modules: a list comes at once, without JAX."""

import ast
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from bridge.experiment_modules import HERE, PACKAGES

#: The first fields of an `Experiment`, which may be given by position.
FIELDS = ("name", "title")
#: Of an experiment that does not say where it stands, as in `Experiment`.
USUAL_ORDER = 1000


class Title(NamedTuple):
    """An experiment, as a list shows it."""

    name: str
    title: str


def titles() -> tuple[Title, ...]:
    """Every experiment, in the order of `bridge.catalogue.EXPERIMENTS`.

    A module whose `EXPERIMENT` is not declared with literals is imported.
    """
    files = [(path, package) for package in PACKAGES for path in HERE.joinpath(*package.split(".")).glob("*.py")]
    declarations = [declared for path, package in files if (declared := _declared(path, package)) is not None]
    return tuple(Title(name, title) for _, name, title in sorted(declarations))


def _declared(path: Path, package: str) -> tuple[int, str, str] | None:
    for node in ast.parse(path.read_bytes()).body:
        if not isinstance(node, ast.Assign) or [getattr(target, "id", "") for target in node.targets] != ["EXPERIMENT"]:
            continue
        call = node.value
        if isinstance(call, ast.Call):
            given = {name: value for name, value in zip(FIELDS, call.args, strict=False)}
            given |= {str(keyword.arg): keyword.value for keyword in call.keywords}
            order = given.get("order", ast.Constant(USUAL_ORDER))
            values = [order, *(given.get(name) for name in FIELDS)]
            match [value.value for value in values if isinstance(value, ast.Constant)]:
                case [int(number), str(name), str(title)]:
                    return number, name, title
        experiment = import_module(f"{package}.{path.stem}").EXPERIMENT
        return experiment.order, experiment.name, experiment.title
    return None
