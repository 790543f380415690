"""Names for configurations and for code: equal inputs, equal name."""

import hashlib
import importlib.util
import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any


def canonical_json(value: Any) -> str:
    """One spelling for equal values: sorted keys, no spaces, no NaN.

    Raises:
      ValueError: the value holds NaN or infinity, for which JSON has no spelling.
      TypeError: the value is no plain JSON value (pass `model_dump(mode="json")` of a pydantic configuration).
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def fingerprint(value: Any) -> str:
    """Sixteen hexadecimal digits that name a JSON value."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:16]


@cache
def code_version(*modules: str) -> str:
    """Names the source text of packages or modules, so that a result knows which code made it.

    A module's own file counts, and every `.py`, `.json` and `.safetensors` file below a package.
    """
    digest = hashlib.sha256()
    for module in sorted(modules):
        for name, path in _sources(module):
            content = path.read_bytes()
            # Lengths keep a name from running into its content, and one file into the next.
            digest.update(f"{name} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()[:16]


def _sources(module: str) -> list[tuple[str, Path]]:
    """Every source file with its name from the module on."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ValueError(f"`modules` must name importable modules with a source file, got {module!r}.")
    origin = Path(spec.origin)
    if spec.submodule_search_locations is None:
        return [(module, origin)]
    suffixes = {".py", ".json", ".safetensors"}
    paths = sorted(path for path in origin.parent.rglob("*") if path.suffix in suffixes)
    return [(f"{module}/{path.relative_to(origin.parent).as_posix()}", path) for path in paths]


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The entries in which two mappings differ, in one phrase: `learning_rate was 0.1, is 0.3`.

    Entries of entries are named, `data of shifted`; of hashes it is said that they differ, for nobody reads them.
    """
    return "; ".join(_differences(before, after, ""))


def _differences(before: Mapping[str, Any], after: Mapping[str, Any], within: str) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys()):
        left, right = before.get(name), after.get(name)
        shown = f"{within} of {name}" if within else name
        if _same(left, right):
            continue
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            yield from _differences(left, right, shown)
        elif _is_hash(left) and _is_hash(right):
            yield f"{shown} differs"
        else:
            yield f"{shown} was {_short(left)}, is {_short(right)}"


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[0-9a-f]{16}|[0-9a-f]{64}", value) is not None


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left) and math.isnan(right):
        return True
    return left == right


def _short(value: Any) -> str:
    text = "absent" if value is None else json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:57] + "..."
