"""Which code a result depends on: found by following imports in source text; nothing is imported to find out.

A module that is reached counts, unless it is named among those that cannot change a number. Imports inside functions
count like those above them, imports for type checkers alone do not. A name that is taken from a package's face leads to
the module that defines it, not to everything that the face names.
"""

import ast
import functools
import hashlib
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from artifacts.errors import UserError
from artifacts.syntax import syntax_tree

#: The packages of this project. They lie beside each other, in a checkout as where they are installed.
PACKAGES = ("artifacts", "bridge", "distort", "empirical", "figures", "simulations", "theory")
HERE = Path(__file__).resolve().parent.parent
#: Endings of files that code reads from its own folder. Shipped weights are none: whatever is made from them records
#: their digest, and one more network beside them changes nothing.
DATA = (".json",)
INSTALLED = ("site-packages", "dist-packages")
#: Where syntax keeps the statements inside a statement, those of a `try` and of a `match` in blocks of their own.
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_FILES = "names, writes, reads and checks files"
#: Modules of this package that results reach and that cannot change a number, each with the reason. Two are not among
#: them: `runtime` decides how JAX computes and rounds, `mnist` makes arrays of a file.
BOOKKEEPING: Mapping[str, str] = {
    "artifacts.arrays": "reads arrays or refuses them",
    "artifacts.bundled": "finds files and checks them",
    "artifacts.directory": _FILES,
    "artifacts.errors": "words of errors",
    "artifacts.files": _FILES,
    "artifacts.fingerprint": "names configurations; what it names is an input itself",
    "artifacts.frozen": "checks documents",
    "artifacts.imports": "finds out which code counts",
    "artifacts.progress": "says how far work is",
    "artifacts.reading": _FILES,
    "artifacts.results_folder": _FILES,
    "artifacts.syntax": "finds out which code counts",
    "artifacts.versions": "finds out which versions count",
}


@dataclass(frozen=True)
class Root:
    """A folder in which modules are looked for; `packages` limits them, where others lie beside that are not meant."""

    folder: Path
    packages: tuple[str, ...] = ()

    def file(self, module: str) -> Path | None:
        """The source of a module; None where it is not below this folder."""
        if self.packages and module.partition(".")[0] not in self.packages:
            return None
        path = self.folder.joinpath(*module.split("."))
        return next((file for file in (path / "__init__.py", path.with_suffix(".py")) if file.is_file()), None)


PROJECT = Root(HERE, PACKAGES)


@dataclass(frozen=True)
class Reached:
    """What the entry modules reach.

    Attributes:
      modules: name and source of every module of the project, or of the user's that is not installed, that counts.
      libraries: names of all other top-level modules that these import, the standard library's left out.
    """

    modules: tuple[tuple[str, Path], ...]
    libraries: frozenset[str]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the modules that count, sorted."""
        return tuple(name for name, _ in self.modules)


def reached_code(*entries: str, without: Collection[str] = ()) -> str:
    """Sixteen hexadecimal digits over the text of what the entries reach, and over data files in the same folders.

    Args:
      entries: importable modules, of the project or of the user.
      without: modules and packages that cannot change a number; what only they import does not count either.
    Raises:
      UserError: an entry has no source file.
    """
    return _digest(entries, tuple(sorted(without)))


@cache
def reached(*entries: str, without: tuple[str, ...] = ()) -> Reached:
    """The modules that the entries reach by imports, themselves included; arguments as for `reached_code`.

    Of a user's module that is what lies beside it, and elsewhere on the path where it is not installed.
    """
    roots = tuple(dict.fromkeys((PROJECT, *(_root(entry) for entry in entries))))
    while True:
        modules = _reached_below(roots, entries, without)
        own = (_root_elsewhere(library) for library in sorted(modules.libraries)) if len(roots) > 1 else ()
        more = [root for root in own if root is not None and root not in roots]
        if not more:
            return modules
        roots = tuple(dict.fromkeys((*roots, *more)))


def _reached_below(roots: tuple[Root, ...], entries: tuple[str, ...], without: tuple[str, ...]) -> Reached:
    files: dict[str, Path] = {}
    libraries: set[str] = set()
    waiting = [(entry, True) for entry in entries]
    followed: set[str] = set()
    while waiting:
        module, follow = waiting.pop()
        if _named(module, without) or (module in files and (not follow or module in followed)):
            continue
        file = _file(module, roots)
        if file is None:
            if module in entries:
                raise _without_source(module)
            if follow:  # a parent may be a folder without a face
                libraries.add(module.partition(".")[0])
            continue
        files[module] = file
        # Importing a.b.c runs the faces of a and of a.b, whose other names the module does not use.
        waiting += [(parent, False) for parent in _parents(module)]
        if follow:
            followed.add(module)
            waiting += [(target, True) for target in _targets(module, file, roots)]
    outside = {name for name in libraries if name not in sys.stdlib_module_names}
    return Reached(tuple(sorted(files.items())), frozenset(outside))


def modules_in(package: str) -> tuple[str, ...]:
    """Every module in a package's folder, for packages whose modules are discovered and not imported by name.

    Raises:
      UserError: it has no folder.
    """
    face = _origin(package)
    if face is None:
        raise _without_source(package)
    return (package, *(f"{package}.{file.stem}" for file in sorted(face.parent.glob("*.py")) if file != face))


def module_of(function: Callable[..., Any]) -> str:
    """Where a function or class is defined; of a `functools.partial`, what it calls."""
    while isinstance(function, functools.partial):
        function = function.func
    return function.__module__


@cache
def _digest(entries: tuple[str, ...], without: tuple[str, ...]) -> str:
    modules = reached(*sorted(set(entries)), without=without).modules
    folders = sorted({(name.rpartition(".")[0], file.parent) for name, file in modules})
    data = [
        (f"{package}/{file.name}", file)
        for package, folder in folders
        if folder.is_relative_to(HERE)  # a user's folder may hold anything
        for file in sorted(folder.iterdir())
        if file.suffix in DATA
    ]
    digest = hashlib.sha256()
    for name, file in (*modules, *data):
        content = file.read_bytes()
        # Lengths keep a name from running into its content, and one file into the next.
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def _named(module: str, names: Collection[str]) -> bool:
    return module in names or any(parent in names for parent in _parents(module))


def _parents(module: str) -> Iterator[str]:
    while "." in module:
        module = module.rpartition(".")[0]
        yield module


@cache
def _file(module: str, roots: tuple[Root, ...]) -> Path | None:
    return next((file for root in roots if (file := root.file(module)) is not None), None)


def _root(entry: str) -> Root:
    """Where modules beside an entry are looked for: its own package alone, where it is an installed one."""
    top = entry.partition(".")[0]
    if top in PACKAGES:
        return PROJECT
    origin = _origin(entry)
    if origin is None:
        raise _without_source(entry)
    folder = origin.parent
    for _ in range(entry.count(".") + (origin.name == "__init__.py")):
        folder = folder.parent
    return Root(folder, (top,)) if folder.name in INSTALLED else Root(folder)


def _root_elsewhere(library: str) -> Root | None:
    """The folder of a module that is on the path but not installed, such as a checkout that is being worked on."""
    import importlib.util

    try:
        spec = importlib.util.find_spec(library)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    inside = list(spec.submodule_search_locations or ())
    source = spec.origin if spec.origin is not None and spec.origin.endswith(".py") else None
    if not inside and source is None:
        return None
    folder = Path(inside[0] if inside else str(source)).resolve().parent
    return None if any(part in INSTALLED for part in folder.parts) else Root(folder)


def _without_source(module: str) -> UserError:
    return UserError(f"Code that decides results must lie in a module with a .py file, but {module!r} has none.")


def _origin(module: str) -> Path | None:
    """The file of a module that may have been imported, or can be."""
    import importlib.util

    known = getattr(sys.modules.get(module), "__file__", None)
    if known is None:
        try:
            spec = importlib.util.find_spec(module)
        except (ImportError, ValueError):
            return None
        known = None if spec is None else spec.origin
    return None if known is None or not known.endswith(".py") else Path(known).resolve()


def _targets(module: str, file: Path, roots: tuple[Root, ...]) -> Iterator[str]:
    """The modules that a module's imports lead to; libraries by their name."""
    for source, name in _imports(module, file):
        yield from _resolved(source, name, roots)


def _resolved(source: str, name: str, roots: tuple[Root, ...]) -> Iterator[str]:
    """Where a name comes from that is imported from a module."""
    if name and _file(f"{source}.{name}", roots) is not None:
        yield f"{source}.{name}"
        return
    file = _file(source, roots)
    if name in ("", "*") or file is None or file.name != "__init__.py":
        yield source
        return
    behind = [origin for origin, shown in _shown(source, file) if shown == name]
    # Defined in the face itself, with whatever that uses.
    yield from (source,) if not behind else (target for origin in behind for target in _resolved(*origin, roots))


@cache
def _shown(package: str, face: Path) -> tuple[tuple[tuple[str, str], str], ...]:
    """What a package's face takes from its modules, with the name under which it shows it."""
    stub = face.with_suffix(".pyi")  # of a face that is loaded when it is used
    return tuple(
        ((source, alias.name), alias.asname or alias.name)
        for file in ((face, stub) if stub.is_file() else (face,))
        for node in _nodes(file)
        if isinstance(node, ast.ImportFrom)
        for source in [_absolute(package, face, node)]
        for alias in node.names
    )


@cache
def _imports(module: str, file: Path) -> tuple[tuple[str, str], ...]:
    """Every import of a module as (module, name); the name is empty where the module itself is imported."""
    pairs: list[tuple[str, str]] = []
    stub = file.with_suffix(".pyi")
    for source in (file, stub) if file.name == "__init__.py" and stub.is_file() else (file,):
        for node in _nodes(source):
            if isinstance(node, ast.Import):
                pairs += [(alias.name, "") for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                pairs += [(_absolute(module, file, node), alias.name) for alias in node.names]
    return tuple(pairs)


def _absolute(module: str, file: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
    package = package[: len(package) - node.level + 1]
    return ".".join([*package, *([node.module] if node.module else [])])


@cache
def _nodes(file: Path) -> tuple[ast.stmt, ...]:
    """Every import statement of a file but those for type checkers."""
    statements: list[ast.stmt] = []
    waiting: list[ast.AST] = [syntax_tree(file)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            statements.append(node)
        elif isinstance(node, ast.If) and _for_checkers(node.test):
            waiting += node.orelse
        else:
            # No expression holds a statement: most of a file need not be looked at.
            for block in BLOCKS:
                waiting += getattr(node, block, ())
    return tuple(statements)


def _for_checkers(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )
