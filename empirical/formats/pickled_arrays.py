"""The arrays in a pickled CIFAR batch, read without letting the pickle run anything (`formats.pickle_terms`)."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from artifacts import UserError
from artifacts.reading import open_regular
from empirical.formats.pickle_terms import Call, Name, UnreadablePickle, shown, terms

ALLOWED_TYPES = ("u1", "i1", "i2", "i4", "i8", "u2", "u4", "u8")
MOST_AXES = 8
DTYPE, ARRAY = Name("numpy", "dtype"), Name("numpy", "ndarray")
RECONSTRUCT = (Name("numpy.core.multiarray", "_reconstruct"), Name("numpy._core.multiarray", "_reconstruct"))


def read_arrays(path: Path) -> dict[str, Any]:
    """A pickled dictionary with arrays, lists and plain values; keys as text.

    Raises:
      UserError: it is damaged, or asks for anything but arrays and plain values.
    """
    try:
        with open_regular(path) as stream:
            content = terms(stream, (*RECONSTRUCT, DTYPE, ARRAY))
        if not isinstance(content, dict):
            raise UserError(f"{path} must hold a dictionary, got {type(content).__name__}; fetch it again.")
        return {_text(key): _array(value) if isinstance(value, Call) else value for key, value in content.items()}
    except OSError as error:
        raise UserError(f"{path} must be readable, but {error.strerror}; unpack its archive again.") from error
    except UnreadablePickle as error:
        raise UserError(
            f"{path} must hold arrays and plain values only, but holds {error}; nothing was run; fetch it again."
        ) from error


def _array(call: Call) -> np.ndarray:
    if call.function not in RECONSTRUCT or not isinstance(call.state, tuple) or len(call.state) != 5:
        raise UnreadablePickle(shown(call))
    _, shape, kind, fortran, data = call.state
    dtype = _dtype(kind)
    if not isinstance(shape, tuple) or len(shape) > MOST_AXES or not all(type(n) is int and n >= 0 for n in shape):
        raise UnreadablePickle("an array with an unusual shape")
    if not isinstance(data, bytes) or len(data) != dtype.itemsize * math.prod(shape):
        raise UnreadablePickle("an array whose size and data disagree")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def _dtype(kind: Any) -> np.dtype:
    if not isinstance(kind, Call) or kind.function != DTYPE or not isinstance(kind.arguments, tuple):
        raise UnreadablePickle("an array with an unusual type")
    code = _text(kind.arguments[0]) if kind.arguments else ""
    order = _text(kind.state[1]) if isinstance(kind.state, tuple) and len(kind.state) > 1 else "="
    if code not in ALLOWED_TYPES or order not in ("<", ">", "|", "="):
        raise UnreadablePickle(f"an array of type {order}{code}")
    return np.dtype(code).newbyteorder(order)


def _text(value: Any) -> str:
    if not isinstance(value, str | bytes):
        raise UnreadablePickle(f"{shown(value)} where text must be")
    return value.decode("latin1") if isinstance(value, bytes) else value
