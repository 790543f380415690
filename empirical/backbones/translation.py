"""Strict reading of files whose tensors have the names that others give them.

Every expected tensor is read once; every other one must be known to be of no use here. A partial load is an error.
"""

import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np

from artifacts import UserError
from empirical.backbones.checkpoints import name_at
from empirical.backbones.tensor_names import LEADING, Dialect, Layout, TensorOrigin
from empirical.formats.stored_tensor import FLOATS, StoredTensors

#: Values of a tensor that must be zero.
MOST_ZEROS = 1 << 20


@runtime_checkable
class Published(Protocol):
    """A network that others publish, or one of its kind: names of tensors follow from its size."""

    @property
    def size(self) -> Any:
        """One of `empirical.backbones.sizes`."""
        ...


Network = TypeVar("Network", bound=Published)


def speaking(path: Path, stored: StoredTensors, dialects: Iterable[Dialect]) -> Dialect:
    """The dialect that a file speaks.

    Args:
      path: for the message.
      dialects: in the order in which they are tried.
    Raises:
      UserError: none of these.
    """
    known = tuple(dialects)
    for dialect in known:
        if dialect.mark in stored.tensors:
            return dialect
    raise UserError(
        f"{path} must hold {' or '.join(dialect.mark for dialect in known)}, got {len(stored.tensors)} tensors such as "
        f"{_some(stored.tensors)}: another network, or a prefix that is not known (`prefix` in the TOML file names "
        "it: docs/backbones.md)."
    )


def translated(path: Path, stored: StoredTensors, dialect: Dialect, like: Network) -> Network:
    """The network `like`, which may hold shapes only, with the arrays of a file in a dialect, as float32.

    Args:
      path: for messages.
      like: its arrays' names and shapes are what the file must hold.
    Raises:
      UserError: a tensor is missing, unexpected, of another shape or type, or not finite.
    """
    origins = dialect.origins(like.size)
    wanted = {name for origin in origins.values() for name in origin.names}
    missing = wanted - stored.tensors.keys()
    surplus = [name for name in stored.tensors.keys() - wanted if not _ignored(name, dialect)]
    for name in dialect.zero:
        tensor = stored.tensors.get(name)
        if tensor is not None and (math.prod(tensor.shape) > MOST_ZEROS or tensor.read().any()):
            raise UserError(f"{path}: {name} must be zero, which {dialect.name} has as a formality; got other values.")
    if missing or surplus:
        raise UserError(
            f"{path} must hold exactly the tensors of {dialect.name}: {len(missing)} missing {_some(missing)}, "
            f"{len(surplus)} unexpected {_some(surplus)}."
        )

    def array(at: tuple[Any, ...], leaf: Any) -> jax.Array:
        return jnp.asarray(_array(path, origins[name_at(at)], stored, tuple(leaf.shape)))

    return jax.tree_util.tree_map_with_path(array, like)


def _array(path: Path, origin: TensorOrigin, stored: StoredTensors, shape: tuple[int, ...]) -> np.ndarray:
    """The values of one array, checked against its shape before they are read."""
    parts = [stored.tensors[name] for name in origin.names]
    outside = _outside(shape, origin.layout)
    expected = (outside[0] // len(parts), *outside[1:]) if outside else ()
    for name, part in zip(origin.names, parts, strict=True):
        if part.shape != expected or part.dtype not in FLOATS:
            raise UserError(f"{path}: {name} must be float32 (or 16){list(expected)}, got {part}.")
    values = [part.read().astype(np.float32) for part in parts]
    for name, part in zip(origin.names, values, strict=True):
        if not np.isfinite(part).all():
            raise UserError(f"{path}: {name} must be finite, got NaN or infinity.")
    joined = values[0] if len(values) == 1 else np.concatenate(values)
    if origin.layout in LEADING or origin.layout == "two trailing":
        return joined.reshape(shape)
    turned = joined if origin.layout == "same" else joined.T
    return np.asarray(np.swapaxes(turned, 0, 1) if origin.layout == "convolution" else turned, order="C")


def _outside(shape: tuple[int, ...], layout: Layout) -> tuple[int, ...]:
    """An array's shape as the dialect has it."""
    if layout == "convolution":
        height, width, inputs, outputs = shape
        return (outputs, inputs, height, width)
    if layout in LEADING:
        return (1,) * LEADING[layout] + shape
    if layout == "two trailing":
        return (*shape, 1, 1)
    return shape[::-1] if layout == "matrix" else shape


def _ignored(name: str, dialect: Dialect) -> bool:
    return name in dialect.zero or any(re.fullmatch(pattern, name) for pattern in dialect.ignored)


def _some(names: Iterable[str]) -> str:
    first = sorted(names)
    return f"[{', '.join(first[:3])}{', ...' if len(first) > 3 else ''}]"
