"""A tensor in a file: its shape and type at once, its values when they are asked for."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import ml_dtypes
import numpy as np

#: What weights may be stored as; all are widened to float32 without loss.
FLOATS = (np.dtype(np.float32), np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16))


class StoredTensor(NamedTuple):
    """`read` gives the values, and raises UserError where the file is damaged."""

    shape: tuple[int, ...]
    dtype: np.dtype
    read: Callable[[], np.ndarray]

    def __str__(self) -> str:
        return f"{self.dtype}{list(self.shape)}"


class StoredTensors(NamedTuple):
    """The tensors of a file by name, and what kind of file it is.

    Attributes:
      container: `safetensors`, `torch zip`, `torch legacy` or `torchscript`.
      metadata: the file's own, safetensors only.
    """

    tensors: Mapping[str, StoredTensor]
    container: str
    metadata: Mapping[str, str]

    def below(self, prefix: str) -> "StoredTensors":
        """The tensors whose names begin so, by the rest of their names."""
        tensors = {
            name.removeprefix(prefix): tensor for name, tensor in self.tensors.items() if name.startswith(prefix)
        }
        return self._replace(tensors=tensors)
