"""Published tables: class names, BREEDS splits, the class subsets of ImageNet-R and -A."""

import json
from functools import cache
from importlib import resources
from typing import Any


@cache
def table(name: str) -> Any:
    """A table's JSON content."""
    return json.loads((resources.files(__name__) / f"{name}.json").read_text(encoding="utf-8"))


def class_names(dataset: str) -> tuple[str, ...]:
    """A data set's classes in label order."""
    return tuple(table("classes")[dataset])
