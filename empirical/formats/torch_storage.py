"""PyTorch's tensors as its pickles describe them: a piece of a storage, with sizes and strides."""

import math
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np

from artifacts import UserError
from empirical.formats.pickle_terms import Call, Name, Outside, UnreadablePickle, shown
from empirical.formats.stored_tensor import StoredTensor

STORAGES = {
    Name("torch", f"{kind}Storage"): np.dtype(dtype)
    for kind, dtype in {
        "Float": np.float32, "Half": np.float16, "BFloat16": ml_dtypes.bfloat16, "Double": np.float64,
        "Long": np.int64, "Int": np.int32, "Short": np.int16, "Char": np.int8, "Byte": np.uint8, "Bool": np.bool_,
    }.items()
}  # fmt: skip
TENSOR, PARAMETER = Name("torch._utils", "_rebuild_tensor_v2"), Name("torch._utils", "_rebuild_parameter")
ORDERED = Name("collections", "OrderedDict")
#: Everything that a state dictionary is made of; other names are refused.
ALLOWED = (*STORAGES, TENSOR, PARAMETER, ORDERED, Name("torch", "Size"))

ReadStorage = Callable[[str, np.dtype, int], np.ndarray]
MOST_AXES = 32


def tensor(term: Any, read: ReadStorage) -> StoredTensor | None:
    """The tensor that a term describes; None where it describes something else.

    Args:
      read: the values of a storage, by its key, type and number of values.
    Raises:
      UnreadablePickle: the description makes no sense, such as a piece that leaves its storage.
    """
    if not isinstance(term, Call) or not isinstance(term.arguments, tuple):
        return None
    if term.function == PARAMETER and term.arguments:
        inner = term.arguments[0]
        # A parameter holds a tensor; parameters of parameters go as deep as a file likes.
        if not isinstance(inner, Call) or inner.function != TENSOR:
            raise UnreadablePickle(f"a parameter of {shown(inner)}")
        return tensor(inner, read)
    if term.function != TENSOR:
        return None
    if len(term.arguments) < 4:
        raise UnreadablePickle("a tensor without sizes")
    outside, offset, sizes, strides = term.arguments[:4]
    key, dtype, count = _storage(outside)
    if not _counts(sizes) or not _counts(strides) or not _counts((offset,)) or len(sizes) != len(strides):
        raise UnreadablePickle(f"a tensor with unusual sizes {shown(sizes)} and strides {shown(strides)}")
    reach = offset + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True))
    # A stride of 0 could make a tensor of any size from one number.
    if math.prod(sizes) > count or (math.prod(sizes) > 0 and reach >= count):
        raise UnreadablePickle("a tensor that is larger than its storage")

    def values() -> np.ndarray:
        if math.prod(sizes) == 0:
            return np.zeros(sizes, dtype)
        whole = read(key, dtype, count)
        # A view reads memory without asking: what it is made of must be all there.
        if whole.shape != (count,) or whole.dtype != dtype:
            raise UserError(f"The storage {key} must hold {count} values of {dtype}, got {whole.size}; fetch it again.")
        steps = tuple(stride * dtype.itemsize for stride in strides)
        return np.array(np.lib.stride_tricks.as_strided(whole[offset:], sizes, steps, writeable=False), order="C")

    return StoredTensor(tuple(sizes), dtype, values)


def storage(term: Any) -> tuple[str, np.dtype, int] | None:
    """Key, type and number of values of the storage that a reference names; None where it names none."""
    return _storage(term) if isinstance(term, Outside) else None


def _storage(outside: Any) -> tuple[str, np.dtype, int]:
    identity = outside.identity if isinstance(outside, Outside) else None
    if not isinstance(identity, tuple) or len(identity) < 5 or identity[0] not in ("storage", b"storage"):
        raise UnreadablePickle("a tensor without a storage")
    kind, key, count = identity[1], identity[2], identity[4]
    if not isinstance(kind, Name) or kind not in STORAGES or not isinstance(key, str) or not _counts((count,)):
        raise UnreadablePickle(f"a tensor with the unusual storage {shown(identity)}")
    if len(identity) > 5 and identity[5] is not None:
        raise UnreadablePickle("a storage that is a view of another")
    return key, STORAGES[kind], count


def _counts(values: Any) -> bool:
    if not isinstance(values, tuple) or len(values) > MOST_AXES:
        return False
    return all(type(value) is int and 0 <= value < 2**48 for value in values)
