"""The tensors of a weights file, whatever its format; the format is read off its first bytes."""

import zipfile
from functools import partial
from pathlib import Path

import ml_dtypes
import numpy as np
from safetensors import SafetensorError, safe_open

from artifacts import UserError
from artifacts.reading import open_regular
from empirical.formats.stored_tensor import StoredTensor, StoredTensors
from empirical.formats.torch_file import read_torch

_TYPES = {
    "F32": np.float32, "F16": np.float16, "BF16": ml_dtypes.bfloat16, "F64": np.float64, "I64": np.int64,
    "I32": np.int32, "I16": np.int16, "I8": np.int8, "U8": np.uint8, "BOOL": np.bool_,
}  # fmt: skip


def stored_tensors(path: Path, key: str = "") -> StoredTensors:
    """Names, shapes and types of the tensors in a safetensors or PyTorch file; values are read when asked for.

    Args:
      key: of a PyTorch file, the entries that lead to the dictionary of tensors, with dots between them.
    Raises:
      UserError: there is no such file, or it is of another format, damaged or malicious.
    """
    try:
        with open_regular(path) as stream:
            start = stream.read(9)
            zipped = zipfile.is_zipfile(stream)
    except OSError as error:
        raise UserError(f"{path} must be a weights file, but {error.strerror}.") from error
    except zipfile.BadZipFile as error:
        raise UserError(f"{path} must be a weights file, but {error}; fetch it again.") from error
    if start[8:9] == b"{" and not zipped:
        if key:
            raise UserError(f"{path} holds no dictionaries, as safetensors files do not; leave `key` out, got {key!r}.")
        return _safetensors(path)
    return read_torch(path, key)


def _safetensors(path: Path) -> StoredTensors:
    try:
        with safe_open(path, "numpy") as file:
            tensors = {}
            for name in file.keys():  # noqa: SIM118 (no iteration over the file)
                piece = file.get_slice(name)
                kind = piece.get_dtype()
                if kind not in _TYPES:
                    raise UserError(f"{path}: {name} must be a tensor of a usual type, got {kind}.")
                shape = tuple(piece.get_shape())
                tensors[name] = StoredTensor(shape, np.dtype(_TYPES[kind]), partial(_values, path, name))
            return StoredTensors(tensors, "safetensors", file.metadata() or {})
    except (SafetensorError, OSError, ValueError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{path} must be a readable safetensors file ({error}); fetch it again.") from error


def _values(path: Path, name: str) -> np.ndarray:
    try:
        with safe_open(path, "numpy") as file:
            return file.get_tensor(name)
    except (SafetensorError, OSError, TypeError, ValueError) as error:
        raise UserError(f"{path}: {name} must be readable, but {error}; fetch the file again.") from error
