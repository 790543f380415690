"""NumPy's `.npy` and `.npz` files, whose headers may promise more than the file holds. Objects are never read."""

import math
import tokenize
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import IO

import numpy as np

from artifacts.errors import UserError
from artifacts.reading import open_regular, why_unreadable

# NumPy reads the header with Python's own tokenizer and parser, which fail in these ways.
BAD_HEADER = (
    ValueError, EOFError, SyntaxError, tokenize.TokenError, TypeError, KeyError, AttributeError, OverflowError,
    RecursionError, MemoryError,
)  # fmt: skip
#: What reading an archive raises beside: NumPy names an entry that is encrypted or packed in an unknown way by these.
BAD_ARCHIVE = (*BAD_HEADER, zipfile.BadZipFile, zlib.error, RuntimeError, IndexError)
#: Of the arrays of an archive together, unpacked. The largest that this project writes has some 100 MB.
MOST_UNPACKED = 4 << 30
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


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


def read_archive(path: Path, mend: str) -> dict[str, np.ndarray]:
    """The arrays in a `.npz` file, by name.

    Args:
      mend: what to do where the file is no such archive, for the message.
    Raises:
      FileNotFoundError: there is none.
      UserError: it is no regular file, or holds anything but whole arrays of numbers and texts within `MOST_UNPACKED`.
    """
    try:
        with open_regular(path) as stream, zipfile.ZipFile(stream) as archive:
            entries = archive.infolist()
            names = [entry.filename.removesuffix(".npy") for entry in entries]
            if len(set(names)) < len(names):
                raise ValueError("it holds two arrays of one name")
            if sum(entry.file_size for entry in entries) > MOST_UNPACKED:
                raise ValueError(f"its arrays must have at most {MOST_UNPACKED >> 30} GiB together")
            return {name: _entry(archive, entry) for name, entry in zip(names, entries, strict=True)}
    except FileNotFoundError:
        raise
    except (OSError, *BAD_ARCHIVE) as error:
        raise UserError(f"{path} must hold NumPy arrays, but {why_unreadable(error)}; {mend}.") from error


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(entry) as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's on a product of sizes that overflows, which is then refused
        shape, fortran_order, kind = _header(stream)
        if kind.hasobject:
            raise ValueError(f"{entry.filename} holds objects")
        size = math.prod(shape) * kind.itemsize
        if min((0, *shape)) < 0 or size != entry.file_size - stream.tell():
            raise ValueError(f"{entry.filename} holds another number of bytes than its header says")
        values = np.frombuffer(bytearray(stream.read(size)), kind) if size else np.empty(math.prod(shape), kind)
        return values.reshape(shape, order="F" if fortran_order else "C")


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"its format must be {' or '.join(map(str, _HEADERS))}, got {version}")
    return _HEADERS[version](stream)
