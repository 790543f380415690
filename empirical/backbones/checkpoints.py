"""Weights on disk: safetensors, read strictly. Every expected tensor once, no other, shape and type as declared."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from artifacts import UserError

Module = TypeVar("Module", bound=eqx.Module)
#: The entry of a file's metadata that says how it was made; files of others lack it.
PROVENANCE = "provenance"


def tensors(tree: eqx.Module) -> dict[str, np.ndarray]:
    """The arrays of a module by name, such as `blocks.0.first.kernel`."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {name_at(path): np.asarray(leaf) for path, leaf in leaves}


def write_tensors(path: Path, arrays: Mapping[str, np.ndarray], metadata: dict[str, str] | None = None) -> None:
    """Write named arrays. safetensors stores the memory as it lies, so every array is brought to C order first."""
    save_file({name: np.asarray(array, order="C") for name, array in arrays.items()}, path, metadata=metadata)


def write_checkpoint(path: Path, tree: eqx.Module, provenance: dict[str, Any] | None = None) -> None:
    """Write a module's arrays, and how they were made as a JSON document in the file's metadata.

    Args:
      provenance: what can be written as JSON; None: nothing is said.
    """
    write_tensors(path, tensors(tree), {PROVENANCE: json.dumps(provenance or {}, sort_keys=True)})


def read_checkpoint(path: Path, like: Module) -> Module:
    """The module `like` with the arrays of the file; `like` may hold shapes only (`eqx.filter_eval_shape`).

    Raises:
      UserError: the file is missing or damaged, or its names, shapes or types differ from those of `like`.
    """
    tensors = _load(path)
    expected = {name_at(at): (leaf.shape, leaf.dtype) for at, leaf in jax.tree_util.tree_leaves_with_path(like)}
    missing, surplus = sorted(expected.keys() - tensors.keys()), sorted(tensors.keys() - expected.keys())
    if missing or surplus:
        raise UserError(
            f"{path} must hold exactly the tensors of {type(like).__name__}: "
            f"{len(missing)} missing {missing[:3]}, {len(surplus)} unexpected {surplus[:3]}."
        )
    for name, (shape, dtype) in expected.items():
        if tensors[name].shape != shape or tensors[name].dtype != dtype:
            raise UserError(
                f"{path}: {name} must be {dtype}{list(shape)}, got {tensors[name].dtype}{list(tensors[name].shape)}."
            )
        if not np.isfinite(tensors[name]).all():
            raise UserError(f"{path}: {name} must be finite, got NaN or infinity.")
    return jax.tree_util.tree_map_with_path(lambda at, _: jnp.asarray(tensors[name_at(at)]), like)


def read_provenance(path: Path) -> dict[str, Any]:
    """How a checkpoint was made: command, seed, versions, measured accuracy."""
    try:
        with safe_open(path, "numpy") as file:
            provenance = json.loads((file.metadata() or {}).get(PROVENANCE, "{}"))
    # JSON calls itself for every bracket.
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} must be a safetensors checkpoint ({error}).") from error
    if not isinstance(provenance, dict):
        raise UserError(
            f"{path} must say how it was made as a JSON object, got {type(provenance).__name__}; fetch it again."
        )
    return provenance


def weights_fingerprint(tree: eqx.Module) -> str:
    """SHA-256 of a module's arrays: names, types, shapes and bytes."""
    digest = hashlib.sha256()
    for name, array in sorted(tensors(tree).items()):
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _load(path: Path) -> dict[str, np.ndarray]:
    try:
        with safe_open(path, "numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iteration over the file)
    except (SafetensorError, OSError, TypeError, ValueError) as error:
        raise UserError(f"{path} must be a readable safetensors checkpoint ({error}).") from error


def name_at(path: tuple[Any, ...]) -> str:
    """An array's name from its place in the tree."""
    return ".".join(str(getattr(part, "name", getattr(part, "idx", None))) for part in path)
