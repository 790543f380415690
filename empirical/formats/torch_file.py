"""Files that PyTorch writes, read without PyTorch and without running anything.

Three formats: since version 1.6 a zip archive with one pickle and one entry a storage; before, four pickles in a row
and the storages behind them (MoCo's and SwAV's checkpoints); and TorchScript's archives (OpenAI's CLIP), which are
zip archives too, with modules where others have dictionaries.
"""

import struct
import zipfile
from collections.abc import Mapping
from io import BufferedIOBase, BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from artifacts import UserError
from artifacts.reading import open_regular
from empirical.formats.pickle_terms import Call, Name, UnreadablePickle, shown, terms
from empirical.formats.stored_tensor import StoredTensor, StoredTensors
from empirical.formats.torch_storage import ALLOWED, ORDERED, ReadStorage, storage, tensor
from empirical.formats.zip_directory import check_directory

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
LARGEST_PICKLE = 64 << 20  # bytes; a ResNet-50's takes 0.1 MB
LARGEST_DIRECTORY = 16 << 20  # bytes of a zip archive's list of entries; CLIP ViT-L/14 has 0.05 MB
DEEPEST_MODULE = 32
#: Modules and values of a TorchScript archive, each counted as often as it is held; CLIP ViT-L/14 has some 10,000.
MOST_PARTS = 200_000
LONGEST_NAME = 500
# What `zipfile` raises where an archive is damaged, encrypted or of a kind that it does not know, or where an entry is
# said to start beyond what a file may have.
UNREADABLE = (
    OSError, zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError, ValueError, OverflowError, struct.error,
)  # fmt: skip
#: What a checkpoint calls the dictionary that it holds beside an optimiser, arguments and the like; outermost first.
NESTED = ("state_dict", "model")
#: Modules of TorchScript, whose names are the model's own, and what it writes around lists.
SCRIPT_MODULES = ("__torch__.",)
SCRIPT_NAMES = tuple(
    Name("torch.jit._pickle", name)
    for name in ("build_intlist", "build_doublelist", "build_boollist", "build_tensorlist", "restore_type_tag")
)


def read_torch(path: Path, key: str = "") -> StoredTensors:
    """The tensors of a state dictionary or of a TorchScript module, by their full names.

    A dictionary that holds another as `state_dict` or `model` stands for that one, or for the one that `key` names.
    What is neither tensor nor such a dictionary is left alone, whatever it would be made of.

    Raises:
      UserError: it is no such file, or damaged, or asks for what only an attack asks for.
    """
    try:
        with open_regular(path) as stream:
            if not zipfile.is_zipfile(stream):
                stream.seek(0)
                return StoredTensors(_read_legacy(path, stream, key), "torch legacy", {})
        check_directory(path, LARGEST_DIRECTORY)
        return _read_zip(path, key)
    except UnreadablePickle as error:
        raise UserError(
            f"{path} must hold tensors and plain values only, but holds {error}; nothing was run; fetch it again."
        ) from error
    except UserError:  # a ValueError that says all
        raise
    except (KeyError, *UNREADABLE) as error:
        raise UserError(f"{path} must be a readable PyTorch file, but {error}; fetch it again.") from error


def _read_zip(path: Path, key: str) -> StoredTensors:
    with zipfile.ZipFile(path) as archive:
        pickles = [name for name in archive.namelist() if name.count("/") == 1 and name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise UserError(f"{path} must hold one data.pkl as PyTorch's archives do, got {len(pickles)}.")
        root = pickles[0].removesuffix("data.pkl")
        order = _entry(archive, f"{root}byteorder") if f"{root}byteorder" in archive.namelist() else b"little"
        if order != b"little":
            raise UserError(f"{path} must hold its numbers little end first, got {order[:20]!r}.")
        script = f"{root}constants.pkl" in archive.namelist()
        names = (*ALLOWED, *SCRIPT_NAMES) if script else ALLOWED
        stream = BytesIO(_entry(archive, pickles[0]))
        content = terms(stream, names, prefixes=SCRIPT_MODULES if script else (), others=not script)

    def read(key: str, dtype: np.dtype, count: int) -> np.ndarray:
        try:
            with zipfile.ZipFile(path) as archive:
                return np.frombuffer(_entry(archive, f"{root}data/{key}", count * dtype.itemsize), dtype)
        except UserError:
            raise
        except (KeyError, *UNREADABLE) as error:
            raise UserError(f"{path} must hold the storage {key}, but {error}; fetch it again.") from error

    if script:
        return StoredTensors(_of_script(content, read), "torchscript", {})
    return StoredTensors(_of_dictionary(path, content, read, key), "torch zip", {})


def _checked(archive: zipfile.ZipFile, name: str, size: int | None = None) -> zipfile.ZipInfo:
    info = archive.getinfo(name)
    # PyTorch stores and never compresses, so what an entry holds is no larger than the file.
    if info.compress_type != zipfile.ZIP_STORED or info.file_size > (LARGEST_PICKLE if size is None else size):
        raise zipfile.BadZipFile(f"{name} is compressed or too large")
    if size is not None and info.file_size != size:
        raise zipfile.BadZipFile(f"{name} must hold {size} bytes, got {info.file_size}")
    # The list of entries may say anything about them.
    if info.compress_size != info.file_size:
        raise zipfile.BadZipFile(f"{name} has two sizes, {info.compress_size} and {info.file_size}")
    return info


def _entry(archive: zipfile.ZipFile, name: str, size: int | None = None) -> bytes:
    info = _checked(archive, name, size)
    with archive.open(info) as stream:
        data = stream.read()
    if len(data) != info.file_size:
        raise zipfile.BadZipFile(f"{name} must hold {info.file_size} bytes, got {len(data)}")
    return data


def _read_legacy(path: Path, stream: BufferedIOBase, key: str) -> dict[str, StoredTensor]:
    if stream.read(2)[:1] != b"\x80":
        raise UserError(f"{path} must be a PyTorch or safetensors file, but starts like neither; fetch it again.")
    stream.seek(0)
    if terms(stream, ()) != MAGIC or terms(stream, ()) != PROTOCOL:
        raise UserError(f"{path} must be a checkpoint as PyTorch wrote them before version 1.6; got another pickle.")
    system = terms(stream, ())
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise UserError(f"{path} must hold its numbers little end first.")
    content, keys = terms(stream, ALLOWED, others=True), terms(stream, ())
    places = _legacy_places(path, stream, keys, _legacy_sizes(content))

    def read(key: str, dtype: np.dtype, count: int) -> np.ndarray:
        if key not in places:
            raise UserError(f"{path} must hold the storage {key}, but does not; fetch it again.")
        with open_regular(path) as stream:
            stream.seek(places[key])
            return np.frombuffer(stream.read(count * dtype.itemsize), dtype)

    return _of_dictionary(path, content, read, key)


def _legacy_places(
    path: Path, stream: BufferedIOBase, keys: Any, sizes: Mapping[str, tuple[np.dtype, int]]
) -> dict[str, int]:
    """Where each storage starts. Each is led by its number of values; the values' size is known from the pickle."""
    end, places = path.stat().st_size, {}
    for key in keys if isinstance(keys, list) else ():
        if not isinstance(key, str) or key not in sizes or key in places:
            raise UnreadablePickle(f"the storage {shown(key)}, which no tensor uses, or twice")
        dtype, count = sizes[key]
        (stored_count,) = struct.unpack("<q", stream.read(8).ljust(8, b"\xff"))
        places[key] = stream.tell()
        if stored_count != count or places[key] + count * dtype.itemsize > end:
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
        referred = storage(term)
        if referred is not None:
            key, dtype, count = referred
            if sizes.setdefault(key, (dtype, count)) != (dtype, count):
                raise UnreadablePickle(f"the storage {shown(key)} under two types or sizes")
        if isinstance(term, dict | list | tuple | Call):
            if id(term) in seen:
                continue
            seen.add(id(term))
            if isinstance(term, Call):
                waiting += [term.arguments, term.state, term.entries, term.items]
            else:
                waiting += list(term.values() if isinstance(term, dict) else term)
    return sizes


def _of_dictionary(path: Path, content: Any, read: ReadStorage, key: str) -> dict[str, StoredTensor]:
    entries = _entries(content)
    for name in key.split(".") if key else NESTED:
        inner = None if entries is None else _entries(entries.get(name))
        if key and inner is None:
            held = shown([str(entry)[:40] for entry in entries or ()])
            raise UserError(f"{path} must hold a dictionary {key}, got {held}; correct `key`.")
        entries = entries if inner is None else inner
    if entries is None:
        raise UserError(f"{path} must hold a dictionary of tensors, got something else.")
    tensors = {}
    for name, term in entries.items():
        stored = tensor(term, read)
        if stored is not None:
            tensors[_name(name)] = stored
        elif isinstance(term, Call) and isinstance(term.function, Name) and term.function.module.startswith("torch."):
            raise UnreadablePickle(f"{shown(name)} as {term.function}, a kind of tensor that is not read")
    below = [] if tensors else [name for name, term in entries.items() if _holds_tensors(term, read)]
    if below:
        held = ", ".join(shown(str(name)[:40]) for name in below[:5])
        raise UserError(
            f"{path} must hold its tensors at the top or below {' or '.join(NESTED)}, but holds them below {held}; "
            "name it as `key` in the TOML file (docs/backbones.md)."
        )
    return tensors


def _holds_tensors(term: Any, read: ReadStorage) -> bool:
    return any(tensor(inner, read) is not None for inner in (_entries(term) or {}).values())


def _name(name: Any) -> str:
    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        raise UnreadablePickle(f"the name {shown(name)} of a tensor")
    return name


def _entries(term: Any) -> Mapping[Any, Any] | None:
    if isinstance(term, Call) and term.function == ORDERED:
        return term.entries
    return term if isinstance(term, dict) else None


def _of_script(content: Any, read: ReadStorage) -> dict[str, StoredTensor]:
    """The tensors of a module and of those that it holds. One that is held twice has two names, as in PyTorch."""
    tensors: dict[str, StoredTensor] = {}
    waiting: list[tuple[Any, str, int]] = [(content, "", 0)]
    for _ in range(MOST_PARTS):
        if not waiting:
            return tensors
        term, prefix, depth = waiting.pop()
        stored = tensor(term, read)
        if stored is not None:
            tensors[_name(prefix)] = stored
        elif isinstance(term, Call) and isinstance(term.state, dict):
            if depth == DEEPEST_MODULE:
                raise UnreadablePickle("modules that hold each other")
            parts = [(part, f"{prefix}.{_name(name)}".lstrip("."), depth + 1) for name, part in term.state.items()]
            waiting += reversed(parts)
            if len(waiting) > MOST_PARTS:
                break
    raise UnreadablePickle(f"more than {MOST_PARTS} parts of modules")
