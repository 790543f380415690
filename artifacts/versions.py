"""Versions of what a result was computed with, as far as they can change it.

An upgrade of a library may change numbers: in the last digit, or in kind. Each result records the versions of those
libraries that its code imports and that compute, draw or decode; where they differ later the result is made again,
unless the user accepts results of other versions, which is then said.
"""

import os
import platform
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from importlib import metadata

from artifacts.imports import reached

#: What decides numbers or pictures: modules as code imports them, and the distributions whose versions then count.
DECISIVE: Mapping[str, tuple[str, ...]] = {
    "PIL": ("Pillow",),
    "diffrax": ("diffrax", "equinox", "lineax", "optimistix"),
    "equinox": ("equinox",),
    "jax": ("jax", "jaxlib"),
    "lineax": ("lineax",),
    "matplotlib": ("matplotlib",),
    "numpy": ("numpy",),
    "optax": ("optax",),
    "optimistix": ("optimistix", "lineax"),
    "scipy": ("scipy",),
    "seaborn": ("seaborn", "matplotlib", "pandas"),
    "simplejpeg": ("simplejpeg",),
    "sklearn": ("scikit-learn", "scipy"),
}
#: What checks types, parses settings, locks files, stores bytes or counts threads, and changes no number.
IRRELEVANT: frozenset[str] = frozenset(
    {
        "beartype", "filelock", "jaxtyping", "lazy_loader", "ml_dtypes", "packaging", "pydantic", "safetensors",
        "threadpoolctl", "tyro",
    }
)  # fmt: skip
#: Set to 1: keep results of other versions. The flag --accept-versions sets it; workers inherit it.
ACCEPT = "DISTORT_ACCEPT_VERSIONS"


def reached_versions(*entries: str, without: Collection[str] = (), beside: Collection[str] = ()) -> dict[str, str]:
    """Python and the libraries that the entries' code imports, by name; arguments as for `reached_code`.

    A library that is in neither list counts: an own backbone may compute with whatever it likes.

    Args:
      beside: libraries whose files are used, though nothing is imported from them.
    """
    libraries = reached(*sorted(set(entries)), without=tuple(sorted(without))).libraries
    return dict(_versions(libraries | frozenset(beside)))


@cache
def _versions(libraries: frozenset[str]) -> tuple[tuple[str, str], ...]:
    names = {name for library in libraries - IRRELEVANT for name in _distributions(library)}
    known = {"Python": ".".join(platform.python_version_tuple()[:2])} | {name: _version(name) for name in names}
    return tuple(sorted(known.items()))


def _distributions(library: str) -> Iterable[str]:
    return DECISIVE.get(library) or _installed().get(library, (library,))


@cache
def _installed() -> Mapping[str, list[str]]:
    """The distributions of every importable name: reads the metadata of all that is installed."""
    return metadata.packages_distributions()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def version_difference(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """The versions that differ, in one phrase; empty where none does."""
    names = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    return ", ".join(f"{name} was {before.get(name, 'not recorded')}, is {now.get(name, 'not used')}" for name in names)


def accepts_other_versions() -> bool:
    """Whether results of other versions are kept: `ACCEPT` is set to 1."""
    return os.environ.get(ACCEPT) == "1"


def accept_other_versions() -> None:
    """Keep results of other versions from now on, in this process and in those that it starts."""
    os.environ[ACCEPT] = "1"
