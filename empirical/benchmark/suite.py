"""A suite is some recipes that are run, reported and compared together."""

import logging
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from pydantic import Field, ValidationError, model_validator

from artifacts import UserError
from artifacts.directory import MANIFEST
from artifacts.files import write_json
from artifacts.frozen import Frozen
from artifacts.reading import MOST_TEXT, read_json, read_regular, why_unreadable
from empirical.datasets.protocols import CLEAN, PAPER
from empirical.recipes import EMBEDDED_RECIPES, PAPER_RECIPES, Evaluate, Recipe, Scale, clean, miniature
from empirical.records import SUITES

SUITE_FILE = "suite.json"
#: A suite file that this version cannot read.
OLDER_FILE = "suite.older.json"
logger = logging.getLogger(__name__)
#: Suites that have a name; any other is a TOML file of the user's (`suite.configuration`).
NAMES = SUITES


class Suite(Frozen):
    """Recipes of different names, and what the suite is called."""

    name: str = Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    recipes: tuple[Recipe, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> "Suite":
        names = [recipe.name for recipe in self.recipes]
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated:
            raise ValueError(f"recipes must have different names, got {repeated} twice")
        return self

    def recipe(self, name: str) -> Recipe:
        """The recipe of that name.

        Raises:
          UserError: there is none.
        """
        for recipe in self.recipes:
            if recipe.name == name:
                return recipe
        names = ", ".join(recipe.name for recipe in self.recipes)
        raise UserError(f"A recipe must be one of the suite {self.name} ({names}), got {name!r}.")


def named_suite(
    name: str, *, scale: Scale = "default", protocol: str = PAPER.name, evaluate: Evaluate | None = None
) -> Suite:
    """One of the suites that have a name.

    Args:
      scale: how large the embedded benchmark is, and, for `quick`, that the miniatures are the least that shows all.
      protocol: `paper` or `clean`, for the suites `paper` and `miniature`.
      evaluate: when sets that do not select are judged (`Recipe.evaluate`); None: as the recipes have it.
    Raises:
      UserError: there is no such suite or protocol.
    """
    if protocol not in (PAPER.name, CLEAN.name):
        raise UserError(f"A protocol must be {PAPER.name} or {CLEAN.name}, got {protocol!r}.")
    if name == "embedded":
        return Suite(name=name, recipes=_evaluating(EMBEDDED_RECIPES[scale], evaluate))
    if name not in NAMES:
        raise UserError(f"A suite must be one of {', '.join(NAMES)} or a TOML file, got {name!r}.")
    recipes = tuple(PAPER_RECIPES.values())
    if name == "miniature":
        # One configuration of ImageNet: in small they differ in nothing that a test could miss.
        recipes = tuple(miniature(recipe, quick=scale == "quick") for recipe in recipes[:-1])
    if protocol == CLEAN.name:
        recipes = tuple(map(clean, recipes))
    return Suite(name=name, recipes=_evaluating(recipes, evaluate))


def _evaluating(recipes: Iterable[Recipe], evaluate: Evaluate | None) -> tuple[Recipe, ...]:
    if evaluate is None:
        return tuple(recipes)
    return tuple(recipe.model_copy(update={"evaluate": evaluate}) for recipe in recipes)


def open_suite(folder: Path, suite: Suite) -> None:
    """Make a folder hold this suite, so that every worker reads the same recipes.

    Recipes may change: each run is filed under its own configuration, and those of earlier recipes stay. A suite file
    of an older version is set aside under another name; its runs stay where they are, and are made again where their
    configuration has changed. So it is where the file was lost.

    Raises:
      UserError: the folder holds another suite, or something else.
    """
    path = folder / SUITE_FILE
    if path.exists():
        name = _name(path)
        if name is not None and name != suite.name:
            raise UserError(f"{folder} must hold the suite {suite.name}, got {name}; name another with --out.")
        try:
            if read_suite(folder) == suite:
                return
        except UserError as error:
            logger.warning("%s It is kept as %s.", error, OLDER_FILE)
            path.replace(folder / OLDER_FILE)
    elif folder.exists() and (held := sorted(entry.name for entry in folder.iterdir())):
        if not _holds_runs(folder):
            raise UserError(
                f"{folder} must be new or hold a suite, got {held[0]} and no {SUITE_FILE}; name another --out."
            )
        logger.warning("%s was lost; it is written anew, and runs that are up to date are kept.", path)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(path, suite.model_dump(mode="json"))


def read_suite(folder: Path) -> Suite:
    """The suite that a folder holds.

    Raises:
      UserError: there is none, or it cannot be read.
    """
    path = folder / SUITE_FILE
    try:
        return _suite(read_regular(path, MOST_TEXT))
    except FileNotFoundError as error:
        raise UserError(
            f"{folder} must hold a suite ({SUITE_FILE}), but there is none; run `distort bench run`."
        ) from error
    except (OSError, ValidationError) as error:
        raise UserError(
            f"{path} must be of this version ({why_unreadable(error)}); `distort bench run` writes it anew."
        ) from error


def _holds_runs(folder: Path) -> bool:
    """Whether anything was published in it, as runs are."""
    return any(folder.glob(f"*/*/{MANIFEST}"))


def _name(path: Path) -> str | None:
    """What a suite file of any version calls its suite; None where it is damaged."""
    try:
        return read_json(path).get("name")
    except (OSError, ValueError, AttributeError):
        return None


@lru_cache(maxsize=2)
def _suite(content: bytes) -> Suite:
    """Workers read the same file before every unit."""
    return Suite.model_validate_json(content)
