"""The paper's ten OOD columns and the six ID tasks that they belong to."""

from collections.abc import Iterable
from dataclasses import dataclass

from artifacts import UserError
from empirical.datasets.breeds import ENTITY30, LIVING17
from empirical.datasets.cifar import CIFAR10
from empirical.datasets.domainnet import DOMAINNET
from empirical.datasets.family import Family
from empirical.datasets.fmow import FMOW
from empirical.datasets.imagenet import IMAGENET

FAMILIES: tuple[Family, ...] = (LIVING17, ENTITY30, DOMAINNET, CIFAR10, FMOW, IMAGENET)


@dataclass(frozen=True)
class Column:
    """One OOD column of the paper's table: the unweighted mean of the accuracies on `sets`."""

    name: str
    title: str
    family: str
    sets: tuple[str, ...]


COLUMNS = (
    Column("living17", "Living-17", "living17", ("target_subclasses",)),
    Column("entity30", "Entity-30", "entity30", ("target_subclasses",)),
    Column("domainnet", "DomainNet", "domainnet", ("real", "painting", "clipart")),
    Column("stl10", "CIFAR-10 to STL-10", "cifar10", ("stl10",)),
    Column("cifar10_1", "CIFAR-10 to CIFAR-10.1", "cifar10", ("cifar10_1",)),
    # Whether the paper's number is this mean or Africa alone is not stated; both are kept.
    Column("fmow", "FMoW", "fmow", ("africa", "europe")),
    Column("imagenet_v2", "ImageNetV2", "imagenet", ("imagenet_v2",)),
    Column("imagenet_r", "ImageNet-R", "imagenet", ("imagenet_r",)),
    Column("imagenet_a", "ImageNet-A", "imagenet", ("imagenet_a",)),
    Column("imagenet_sketch", "ImageNet-Sketch", "imagenet", ("imagenet_sketch",)),
)


def family(name: str, families: Iterable[Family] = FAMILIES) -> Family:
    """The family of that name, or the one that a column belongs to.

    Raises:
      UserError: there is neither.
    """
    available = tuple(families)
    owner = next((column.family for column in COLUMNS if column.name == name), name)
    for one in available:
        if one.name in (name, owner):
            return one
    raise UserError(f"A data set must be one of {', '.join(one.name for one in available)}, got {name!r}.")
