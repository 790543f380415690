"""Every family in `empirical/datasets/families`, and what is gathered from them: columns, sources, folders, pipelines.

Their order in lists is the families' own (`Family.order`): who adds a family adds a file, and touches no list.
"""

from collections.abc import Iterable, Mapping
from importlib import import_module
from pkgutil import iter_modules

from artifacts import UserError
from empirical.augment.transforms import Pipelines
from empirical.datasets import families
from empirical.datasets.family import Column, Family
from empirical.datasets.sources import Source


def _discovered() -> tuple[Family, ...]:
    names = (module.name for module in iter_modules(families.__path__))
    modules = (import_module(f"{families.__name__}.{name}") for name in names)
    declared = [family for module in modules for family in getattr(module, "FAMILIES", ())]
    return tuple(sorted(declared, key=lambda family: (family.order, family.name)))


_ALL = _discovered()
#: What others publish, in the paper's order.
FAMILIES: tuple[Family, ...] = tuple(family for family in _ALL if not family.pooled)
#: What comes with the package and needs no folder.
EMBEDDED: tuple[Family, ...] = tuple(family for family in _ALL if family.pooled)
#: The OOD columns of the paper's table.
COLUMNS: tuple[Column, ...] = tuple(column for task in FAMILIES for column in task.columns)
#: What images go through, by the name of the recipe that asks for it.
TRANSFORMS: Mapping[str, Pipelines] = {name: pipelines for task in _ALL for name, pipelines in task.pipelines.items()}


def _sources() -> tuple[Source, ...]:
    """Those of families that train on one source stand together."""
    trained_on = [task.training.source for task in FAMILIES]
    together = sorted(FAMILIES, key=lambda task: trained_on.index(task.training.source))
    sources = [part.source for task in together for part in task.parts if part.source is not None]
    return tuple({source.name: source for source in sources}.values())


#: Where images are from, each source once.
SOURCES: tuple[Source, ...] = _sources()
#: The folders that each source is looked for in, relative to the data root.
FOLDERS: Mapping[str, tuple[str, ...]] = {source.name: source.folders for source in SOURCES}


def source(name: str) -> Source:
    """The source of that name, which must be one of `SOURCES`."""
    return next(source for source in SOURCES if source.name == name)


def family(name: str, families: Iterable[Family] = FAMILIES) -> Family:
    """The family of that name, one that comes with the package among them, or the one that a column belongs to.

    Raises:
      UserError: there is neither.
    """
    available = (*families, *EMBEDDED)
    owner = next((column.family for column in COLUMNS if column.name == name), name)
    for candidate in available:
        if candidate.name in (name, owner):
            return candidate
    raise UserError(f"A data set must be one of {', '.join(task.name for task in available)}, got {name!r}.")


def catalogued(name: str) -> Family | None:
    """The family of that name; None for a data set of the user's own, which only their file knows."""
    return next((candidate for candidate in (*FAMILIES, *EMBEDDED) if candidate.name == name), None)
