"""Files that PyTorch writes, read without PyTorch and without running anything.

Three formats: since version 1.6 a zip archive with one pickle and one entry a storage; before, four pickles in a row
and the storages behind them (MoCo's and SwAV's checkpoints); and TorchScript's archives (OpenAI's CLIP), which are
zip archives too, with modules where others have dictionaries.
"""

import struct
import zipfile
from collections.abc import Iterator, Mapping
from io import BufferedIOBase, BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from artifacts import UserError
from empirical.formats.pickle_terms import Call, Name, UnreadablePickle, terms
from empirical.formats.stored_tensor import StoredTensor, StoredTensors
from empirical.formats.torch_storage import ALLOWED, ORDERED, ReadStorage, storage, tensor

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
LARGEST_PICKLE = 64 << 20  # bytes; a ResNet-50's takes 0.1 MB
DEEPEST_MODULE = 32
# What `zipfile` raises where an archive is damaged, encrypted or of a kind that it does not know.
UNREADABLE = (OSError, zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError)
#: Modules of TorchScript, whose names are the model's own, and what it writes around lists.
SCRIPT_MODULES = ("__torch__.",)
SCRIPT_NAMES = tuple(
    Name("torch.jit._pickle", name)
    for name in ("build_intlist", "build_doublelist", "build_boollist", "build_tensorlist", "restore_type_tag")
)


def read_torch(path: Path) -> StoredTensors:
    """The tensors of a state dictionary or of a TorchScript module, by their full names.

    A dictionary that holds another as `state_dict` stands for that one.

    Raises:
      UserError: it is no such file, or damaged, or asks for anything but tensors and plain values.
    """
    try:
        if zipfile.is_zipfile(path):
            return _read_zip(path)
        with path.open("rb") as stream:
            return StoredTensors(_read_legacy(path, stream), "torch legacy", {})
    except UnreadablePickle as error:
        raise UserError(
            f"{path} must hold tensors and plain values only, but holds {error}; nothing was run; fetch it again."
        ) from error
    except UNREADABLE as error:
        raise UserError(f"{path} must be a readable PyTorch file, but {error}; fetch it again.") from error


def _read_zip(path: Path) -> StoredTensors:
    with zipfile.ZipFile(path) as archive:
        pickles = [name for name in archive.namelist() if name.count("/") == 1 and name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise UserError(f"{path} must hold one data.pkl as PyTorch's archives do, got {len(pickles)}.")
        root = pickles[0].removesuffix("data.pkl")
        order = _entry(archive, f"{root}byteorder") if f"{root}byteorder" in archive.namelist() else b"little"
        if order != b"little":
            raise UserError(f"{path} must hold its numbers little end first, got {order!r}.")
        script = f"{root}constants.pkl" in archive.namelist()
        names = (*ALLOWED, *SCRIPT_NAMES) if script else ALLOWED
        stream = BytesIO(_entry(archive, pickles[0]))
        content = terms(stream, names, prefixes=SCRIPT_MODULES if script else ())

    def read(key: str, dtype: np.dtype, count: int) -> np.ndarray:
        try:
            with zipfile.ZipFile(path) as archive:
                return np.frombuffer(_entry(archive, f"{root}data/{key}", count * dtype.itemsize), dtype)
        except (KeyError, *UNREADABLE) as error:
            raise UserError(f"{path} must hold the storage {key}, but {error}; fetch it again.") from error

    if script:
        return StoredTensors(dict(_of_module(content, "", read, 0)), "torchscript", {})
    return StoredTensors(_of_dictionary(path, content, read), "torch zip", {})


def _checked(archive: zipfile.ZipFile, name: str, size: int | None = None) -> zipfile.ZipInfo:
    info = archive.getinfo(name)
    # PyTorch stores and never compresses, so what an entry holds is no larger than the file.
    if info.compress_type != zipfile.ZIP_STORED or info.file_size > (LARGEST_PICKLE if size is None else size):
        raise zipfile.BadZipFile(f"{name} is compressed or too large")
    if size is not None and info.file_size != size:
        raise zipfile.BadZipFile(f"{name} must hold {size} bytes, got {info.file_size}")
    return info


def _entry(archive: zipfile.ZipFile, name: str, size: int | None = None) -> bytes:
    return archive.read(_checked(archive, name, size))


def _read_legacy(path: Path, stream: BufferedIOBase) -> dict[str, StoredTensor]:
    if stream.read(2)[:1] != b"\x80":
        raise UserError(f"{path} must be a PyTorch or safetensors file, but starts like neither; fetch it again.")
    stream.seek(0)
    if terms(stream, ()) != MAGIC or terms(stream, ()) != PROTOCOL:
        raise UserError(f"{path} must be a checkpoint as PyTorch wrote them before version 1.6; got another pickle.")
    system = terms(stream, ())
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise UserError(f"{path} must hold its numbers little end first.")
    content, keys = terms(stream, ALLOWED), terms(stream, ())
    places = _legacy_places(path, stream, keys, _legacy_sizes(content))

    def read(key: str, dtype: np.dtype, count: int) -> np.ndarray:
        if key not in places:
            raise UserError(f"{path} must hold the storage {key}, but does not; fetch it again.")
        return np.fromfile(path, dtype, count, offset=places[key])

    return _of_dictionary(path, content, read)


def _legacy_places(
    path: Path, stream: BufferedIOBase, keys: Any, sizes: Mapping[str, tuple[np.dtype, int]]
) -> dict[str, int]:
    """Where each storage starts. Each is led by its number of values; the values' size is known from the pickle."""
    end, places = path.stat().st_size, {}
    for key in keys if isinstance(keys, list) else ():
        if key not in sizes:
            raise UnreadablePickle(f"the storage {key!r} that no tensor uses")
        dtype, count = sizes[key]
        (found,) = struct.unpack("<q", stream.read(8).ljust(8, b"\xff"))
        places[key] = stream.tell()
        if found != count or places[key] + count * dtype.itemsize > end:
            raise UserError(f"{path} is cut off: storage {key} must hold {count} values; fetch it again.")
        stream.seek(places[key] + count * dtype.itemsize)
    return places


def _legacy_sizes(content: Any) -> dict[str, tuple[np.dtype, int]]:
    """Type and number of values of every storage that the pickle refers to, wherever it does."""
    sizes: dict[str, tuple[np.dtype, int]] = {}
    seen: set[int] = set()
    waiting = [content]
    while waiting:
        term = waiting.pop()
        found = storage(term)
        if found is not None:
            sizes[found[0]] = found[1:]
        if isinstance(term, dict | list | tuple | Call):
            if id(term) in seen:
                continue
            seen.add(id(term))
            if isinstance(term, Call):
                waiting += [term.arguments, term.state, term.entries, term.items]
            else:
                waiting += list(term.values() if isinstance(term, dict) else term)
    return sizes


def _of_dictionary(path: Path, content: Any, read: ReadStorage) -> dict[str, StoredTensor]:
    entries = _entries(content)
    inner = None if entries is None else _entries(entries.get("state_dict"))
    entries = entries if inner is None else inner
    if entries is None:
        raise UserError(f"{path} must hold a dictionary of tensors, got something else.")
    found = {str(name): tensor(term, read) for name, term in entries.items()}
    return {name: one for name, one in found.items() if one is not None}


def _entries(term: Any) -> Mapping[Any, Any] | None:
    if isinstance(term, Call) and term.function == ORDERED:
        return term.entries
    return term if isinstance(term, dict) else None


def _of_module(term: Any, prefix: str, read: ReadStorage, depth: int) -> Iterator[tuple[str, StoredTensor]]:
    if depth > DEEPEST_MODULE:
        raise UnreadablePickle("modules that hold each other")
    one = tensor(term, read)
    if one is not None:
        yield prefix, one
    elif isinstance(term, Call) and isinstance(term.state, dict):
        for name, part in term.state.items():
            yield from _of_module(part, f"{prefix}.{name}" if prefix else str(name), read, depth + 1)
