"""The paper's ten OOD columns and the six ID tasks that they belong to."""

from collections.abc import Iterable

from artifacts import UserError
from empirical.datasets.breeds import ENTITY30, LIVING17
from empirical.datasets.cifar import CIFAR10
from empirical.datasets.digits import DIGITS
from empirical.datasets.domainnet import DOMAINNET
from empirical.datasets.family import Family
from empirical.datasets.fmow import FMOW
from empirical.datasets.imagenet import IMAGENET

FAMILIES: tuple[Family, ...] = (LIVING17, ENTITY30, DOMAINNET, CIFAR10, FMOW, IMAGENET)


#: What comes with the package and needs no folder.
EMBEDDED: tuple[Family, ...] = (DIGITS,)
#: The columns of the paper's table.
COLUMNS = tuple(column for task in FAMILIES for column in task.columns)


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
