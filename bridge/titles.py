"""Names and titles of the experiments, read from the text of their modules: a list comes at once, without JAX."""

from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from artifacts.declared import declared
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
    declarations = [title for path, package in files if (title := _declared(path, package)) is not None]
    return tuple(Title(name, title) for _, name, title in sorted(declarations))


def _declared(path: Path, package: str) -> tuple[int, str, str] | None:
    declaration = declared(path, "EXPERIMENT", positional=FIELDS)
    if declaration is None:
        return None
    match {"order": USUAL_ORDER, **declaration.literals}:
        case {"order": int(order), "name": str(name), "title": str(title)} if "order" not in declaration.computed:
            return order, name, title
    experiment = import_module(f"{package}.{path.stem}").EXPERIMENT
    return experiment.order, experiment.name, experiment.title
