"""NumPy's `.npy` files, whose headers may promise more than the file holds."""

import tokenize
import warnings
from pathlib import Path

import numpy as np

from artifacts import UserError
from empirical.formats.files import open_regular

# NumPy reads the header with Python's own tokenizer and parser, which fail in these ways.
BAD_HEADER = (
    ValueError, EOFError, SyntaxError, tokenize.TokenError, TypeError, KeyError, AttributeError, OverflowError,
    RecursionError, MemoryError,
)  # fmt: skip


def read_array(path: Path, mend: str) -> np.ndarray:
    """The array in a `.npy` file, in memory; never an object.

    Args:
      mend: what to do where the file is no such array, for the message.
    Raises:
      UserError: it is missing, no regular file, or no whole array of numbers.
    """
    try:
        open_regular(path).close()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy's on a product of sizes that overflows, which is then refused
            # Mapped first: the mapping is refused where the header promises more than the file holds.
            mapped = np.load(path, mmap_mode="r", allow_pickle=False)
            if not isinstance(mapped, np.ndarray):
                raise ValueError("it holds several arrays")
            return np.array(mapped, order="A", subok=False)
    except OSError as error:
        raise UserError(f"{path} must be a NumPy array, but {error.strerror or error}; {mend}.") from error
    except BAD_HEADER as error:
        raise UserError(f"{path} must be a NumPy array, but {error}; {mend}.") from error
