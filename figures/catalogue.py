"""Every figure of the project. A module in a section's folder that has a `FIGURE` is one; no list has to know it.

Names, titles and sources are read from the modules' text, since importing them takes seconds and a name must be looked
up at once: so the arguments of `FigureDeclaration` are literals.
"""

import ast
import functools
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol, get_args, runtime_checkable

from artifacts.results_folder import SETTINGS
from artifacts.syntax import syntax_tree

#: Where the benchmark lies in a results folder.
BENCHMARK = "benchmark"
#: In the order of the report; each has a folder of its name.
Section = Literal["side by side", "theory", "benchmark"]
SECTIONS: tuple[Section, ...] = get_args(Section)


@runtime_checkable
class FigureModule(Protocol):
    """A module that draws one figure; its docstring is the caption.

    It may have a function `note(data) -> str`: what the data say that a caption cannot know.
    """

    __name__: str
    __doc__: str | None

    def collect(self, results: Path | str) -> Any:
        """What the figure shows, read from a results folder."""

    def draw(self, data: Any) -> Any:
        """The figure; draws and does nothing else."""


@dataclass(frozen=True, kw_only=True)
class FigureDeclaration:
    """What a figure's module says about it.

    Attributes:
      title: a heading for the report; the figure itself carries none.
      sources: the results it is drawn from, as folders below the results folder. Nothing else is read.
      order: where it stands in its section; equal ones stand in the order of their names.
      name: where it is not that of the module (in `side_by_side`: with that prefix).
    """

    title: str
    sources: tuple[str, ...]
    order: int = 1000
    name: str = ""


@dataclass(frozen=True)
class FigureEntry:
    """A figure by name.

    Attributes:
      name: of its files, and what a user types.
      module: the one that draws it.
      section: where it stands in the report: the folder of the module.
    """

    name: str
    title: str
    sources: tuple[str, ...]
    section: Section
    module: str

    def load(self) -> FigureModule:
        """The module; imports matplotlib."""
        module: Any = import_module(self.module)
        return module


@functools.cache
def figures() -> tuple[FigureEntry, ...]:
    """Every figure, in the order of the report."""
    return tuple(entry for section in SECTIONS for entry in _of_section(section))


def entry(name: str) -> FigureEntry:
    """The figure of this name.

    Raises:
      ValueError: there is none.
    """
    for figure in figures():
        if figure.name == name:
            return figure
    raise ValueError(f"A figure must be one of {', '.join(figure.name for figure in figures())}, got {name!r}.")


def source_folder(results: Path | str, source: str) -> Path:
    """Where a source lies; beside results of other settings there is the one benchmark of the whole folder."""
    folder = Path(results)
    if source == BENCHMARK and folder.parent.name == SETTINGS:
        folder = folder.parent.parent
    return folder / source


def _of_section(section: Section) -> list[FigureEntry]:
    folder = section.replace(" ", "_")
    declared = []
    for path in sorted((Path(__file__).parent / folder).glob("*.py")):
        declaration = _declaration(path)
        if declaration:
            prefix = "" if section != "side by side" else f"{folder}_"
            name = declaration.name or prefix + path.stem
            module = f"{__package__}.{folder}.{path.stem}"
            declared.append((declaration.order, name, declaration, module))
    return [
        FigureEntry(name, declaration.title, declaration.sources, section, module)
        for _, name, declaration, module in sorted(declared, key=lambda figure: figure[:2])
    ]


def _declaration(path: Path) -> FigureDeclaration | None:
    for node in syntax_tree(path).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _names(node) == ["FIGURE"]:
            try:
                values = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in node.value.keywords}
                return FigureDeclaration(**values)
            except (ValueError, TypeError) as error:
                raise ValueError(f"`FIGURE` in {path} must be declared with literals, by keyword: {error}.") from error
    return None


def _names(node: ast.Assign) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]


#: All of them, for those who want a constant.
FIGURES = figures()
