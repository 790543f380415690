"""The arrays in a pickled CIFAR batch, read without letting the pickle run anything.

A pickle is a program. Here it may build dictionaries, lists, numbers, bytes and, through stand-ins of our own, arrays
of bytes and integers; every other name that it asks for is refused, so nothing of Python's or NumPy's is ever called.
"""

import io
import pickle
from pathlib import Path
from typing import Any, Literal, NoReturn

import numpy as np

from artifacts import UserError

ALLOWED_TYPES = ("u1", "i1", "i2", "i4", "i8", "u2", "u4", "u8")


class _Type:
    """Stands for numpy.dtype."""

    def __init__(self, code: Any, *_: Any) -> None:
        code = code.decode() if isinstance(code, bytes) else code
        if code not in ALLOWED_TYPES:
            raise pickle.UnpicklingError(f"array of type {code!r}")
        self.code = str(code)
        self.order: Literal["<", ">", "|", "="] = "<"

    def __setstate__(self, state: Any) -> None:
        order = state[1].decode() if isinstance(state[1], bytes) else state[1]
        if order not in ("<", ">", "|", "="):
            raise pickle.UnpicklingError(f"byte order {order!r}")
        self.order = order


class _Array:
    """Stands for numpy.ndarray: takes the state that an array leaves behind, and checks it."""

    array: np.ndarray

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, fortran, data = state
        if not isinstance(kind, _Type) or not isinstance(data, bytes) or not all(isinstance(n, int) for n in shape):
            raise pickle.UnpicklingError("an array with an unusual state")
        dtype = np.dtype(kind.code).newbyteorder(kind.order)
        if len(data) != dtype.itemsize * int(np.prod(shape)):
            raise pickle.UnpicklingError("an array whose size and data disagree")
        self.array = np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def _reconstruct(*_: Any) -> _Array:
    return _Array()


def _encode(text: Any, encoding: Any = "latin1", *_: Any) -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", b"latin1"):
        raise pickle.UnpicklingError(f"encoding {encoding!r}")
    return text.encode("latin1")


_STAND_INS = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _encode,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _STAND_INS:
            raise pickle.UnpicklingError(f"the name {module}.{name}")
        return _STAND_INS[module, name]

    def persistent_load(self, pid: Any) -> NoReturn:
        raise pickle.UnpicklingError("an outside reference")


def read_arrays(path: Path) -> dict[str, Any]:
    """A pickled dictionary with arrays, lists and plain values; keys as text.

    Raises:
      UserError: it is damaged, or asks for anything but arrays and plain values.
    """
    try:
        found = _Reader(io.BytesIO(path.read_bytes()), encoding="bytes").load()
    except OSError as error:
        raise UserError(f"{path} must be readable, but {error.strerror}; unpack its archive again.") from error
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{path} must hold arrays and plain values only, but holds {error}; nothing was run; fetch it again."
        ) from error
    except Exception as error:
        raise UserError(f"{path} must be a pickled batch, but cannot be read ({error}); fetch it again.") from error
    if not isinstance(found, dict):
        raise UserError(f"{path} must hold a dictionary, got {type(found).__name__}; fetch it again.")
    text = {key.decode() if isinstance(key, bytes) else str(key): value for key, value in found.items()}
    return {key: value.array if isinstance(value, _Array) else value for key, value in text.items()}
