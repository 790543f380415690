"""Captions: the docstrings of figure modules as running text, with formulas that theory itself states."""

import inspect
import re
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any


def caption(module: ModuleType | Any) -> str:
    """The caption of a figure module.

    A name in braces stands for a formula of the module's `FORMULAS`, so that a caption cannot state another bound than
    the one that is drawn.

    Raises:
      ValueError: there is no docstring, which every figure has, or it names a formula that there is not.
    """
    if not module.__doc__:
        raise ValueError(f"{module.__name__} must have a docstring, its caption, but has none.")
    text = _filled(module.__doc__, getattr(module, "FORMULAS", {}), module.__name__)
    paragraphs = (" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))
    return "\n\n".join(paragraphs)


def stated_formula(bound: Callable[..., Any]) -> str:
    """The formula that a bound's own docstring states: the first one in backticks after a colon.

    Raises:
      ValueError: its docstring states none.
    """
    stated = re.search(r":\s+`([^`]+)`", inspect.getdoc(bound) or "")
    if stated is None:
        raise ValueError(f"The docstring of {bound.__name__} must state a formula (`...` after a colon), has none.")
    return stated[1]


def _filled(text: str, formulas: Mapping[str, str], module: str) -> str:
    named = set(re.findall(r"\{(\w+)\}", text))
    if named != set(formulas):
        raise ValueError(f"The caption of {module} must name its formulas {sorted(formulas)}, got {sorted(named)}.")
    return re.sub(r"\{(\w+)\}", lambda name: formulas[name[1]], text)
