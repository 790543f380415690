"""Claims of a user's own on the command line, named FILE.py:NAME (docs/own_claim.md).

The file is run as a program of the user's; modules beside it can be imported, as from a script.
"""

import re
import sys
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from artifacts.errors import UserError
from distort.command import UsageError
from distort.names import known

if TYPE_CHECKING:
    from simulations.sampling import Dimensions
    from simulations.verification import Sampler
    from theory.statements import Statement

#: Names of statements become names of files.
NAME = re.compile(r"\w[\w-]*", re.ASCII)
LETTERS = {"d": "input_dim", "k": "feature_dim", "m": "id_dim"}


def is_own(named: str) -> bool:
    """Whether a name is that of a file with a claim, rather than of a listed statement."""
    return ".py" in named


def listed_or_own(named: str) -> "Statement":
    """The statement of this name, or that of the user's own file.

    Raises:
      UsageError: there is none.
    """
    from theory.statements import STATEMENTS

    if is_own(named):
        return statement(named)
    statements = {listed.name: listed for listed in STATEMENTS}
    known([named], list(statements), kind="statement", listing="`distort theory list`")
    return statements[named]


def statement(named: str) -> "Statement":
    """The statement that a file of the user's own holds.

    Args:
      named: FILE.py:NAME.
    Raises:
      UsageError: there is no such file or name, or it is no statement.
    """
    from theory.statements import Statement

    value = _value(named, Statement, "a theory.Statement")
    if NAME.fullmatch(value.name) is None:
        raise UsageError(f"The name of a statement must be of letters, digits and underscores, got {value.name!r}.")
    return value


def sampler(named: str) -> "Sampler":
    """The function that draws a problem from a key, from a file of the user's own.

    Args:
      named: FILE.py:NAME.
    Raises:
      UsageError: there is no such file or name, or it is no function.
    """
    value: Any = _value(named, object, "a function of a key")
    if not callable(value):
        raise UsageError(f"{named} must be a function that draws a problem from a key, got {type(value).__name__}.")
    return cast("Sampler", value)


def dimensions(text: str | None) -> "Dimensions | None":
    """Dimensions from a text like d=20,k=5,m=1; None from none.

    Raises:
      UsageError: a letter is missing or unknown, a value is no number, or there is no room for all angles.
    """
    if text is None:
        return None
    from pydantic import ValidationError

    from simulations.sampling import Dimensions

    parts = [part.partition("=") for part in text.split(",")]
    given = {letter.strip(): value.strip() for letter, _, value in parts}
    if given.keys() != LETTERS.keys() or len(parts) != len(LETTERS):
        raise UsageError(f"--dimensions must give d, k and m, e.g. d=20,k=5,m=1, got {text!r}.")
    try:
        return Dimensions.model_validate({LETTERS[letter]: value for letter, value in given.items()})
    except ValidationError as error:
        raise UsageError(
            f"--dimensions {text}: {str(error.errors()[0]['msg']).removeprefix('Value error, ')}"
        ) from error


def _value(named: str, kind: type, described: str) -> Any:
    file, _, name = named.rpartition(":")
    path = Path(file)
    if not name.isidentifier() or path.suffix != ".py":
        raise UsageError(f"A claim of your own must be named FILE.py:NAME, got {named!r}.")
    if not path.is_file():
        raise UsageError(f"{named} must name a file, but there is no {path}.")
    module = _module(path.resolve())
    there = {name: value for name, value in vars(module).items() if isinstance(value, kind) and name[0] != "_"}
    if name not in there:
        own = [name for name, value in there.items() if getattr(value, "__module__", "") in ("", module.__name__)]
        shown = ", ".join(there if kind is not object else own) or "none"
        raise UsageError(f"{path} must hold {described} named {name}; it has: {shown}.")
    return there[name]


@cache
def _module(path: Path) -> ModuleType:
    """The file as a module, run once."""
    spec = spec_from_file_location(f"own_claim_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UsageError(f"A claim of your own must be a Python file, got {path}.")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except ImportError as error:
        hint = "; what lies beside it is imported as from a script, without a dot" * ("relative import" in str(error))
        raise UserError(f"{path} must be able to import what it needs, but {error}{hint}.") from error
    return module
