"""What a package offers to the outside, as a table above its API reference; each name leads to its documentation.

The site is built strictly, so a public class or function that the page does not document fails the build.
"""

import inspect
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

from pages.blocks import table

#: Packages with a public face, each with a page of this name in `docs/api`.
PACKAGES = ("theory", "simulations", "empirical", "bridge", "figures")


class PublicName(NamedTuple):
    """`documented`: the full name under which its docstring is shown; empty for constants and whole modules."""

    name: str
    documented: str
    summary: str


def public_names(package: str) -> list[PublicName]:
    """The names of `__init__.pyi`, without the version."""
    module = import_module(package)
    return [_described(package, name, getattr(module, name)) for name in module.__all__ if name != "__version__"]


def with_public_names(page: str) -> str:
    """A page of `docs/api` whose heading is a package, with the table below the heading."""
    heading, _, rest = page.partition("\n")
    package = heading.removeprefix("# ").strip()
    if package not in PACKAGES:
        return page
    rows = [
        [f"[`{public.name}`][{public.documented}]" if public.documented else f"`{public.name}`", public.summary]
        for public in public_names(package)
    ]
    return f"{heading}\n\n`from {package} import ...`:\n\n{table(['name', 'what it is'], rows)}\n{rest}"


def _described(package: str, name: str, value: Any) -> PublicName:
    if isinstance(value, ModuleType):
        return PublicName(name, "", f"module: {_first_line(value)}")
    if inspect.isclass(value) or inspect.isroutine(value) or hasattr(value, "__wrapped__"):
        return PublicName(name, f"{value.__module__}.{value.__qualname__}", _first_line(value))
    if isinstance(value, tuple):
        return PublicName(name, "", f"constant: all {len(value)} of the package")
    return PublicName(name, "", _first_line(type(value)) if type(value).__module__.startswith(package) else "type")


def _first_line(value: Any) -> str:
    return (inspect.getdoc(value) or "").partition("\n")[0].replace("|", "\\|")
