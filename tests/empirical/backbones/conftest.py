"""Independent references at random weights: transformers' ResNet and CLIP, OpenAI's own model file; PyTorch, CPU."""

import importlib.util
import pickle
import re
import struct
import zipfile
from types import ModuleType

import numpy as np
import pytest


@pytest.fixture(scope="session")
def torch() -> ModuleType:
    found = pytest.importorskip("torch", reason="torch is not installed: pip install '.[parity]'")
    found.manual_seed(0)
    return found


@pytest.fixture(scope="session")
def transformers(torch) -> ModuleType:
    return pytest.importorskip("transformers", reason="transformers is not installed: pip install '.[parity]'")


@pytest.fixture(scope="session")
def openai(torch) -> ModuleType:
    """OpenAI's `clip/model.py`, loaded as a file: the package itself needs torchvision."""
    spec = importlib.util.find_spec("clip")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("clip is not installed: pip install --no-deps clip-anytorch==2.6.0")
    path = f"{spec.submodule_search_locations[0]}/model.py"
    spec = importlib.util.spec_from_file_location("openai_clip_model", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def shaken(torch):
    """Gives every norm layer weights and statistics of its own, so that none can be mistaken for another."""

    def shake(model):
        with torch.no_grad():
            for name, tensor in model.state_dict().items():
                if name.endswith("running_var"):
                    tensor.uniform_(0.5, 2.0)
                elif name.endswith("running_mean") or (tensor.ndim == 1 and tensor.is_floating_point()):
                    tensor.add_(0.2 * torch.randn_like(tensor))
                elif tensor.ndim == 0 and tensor.is_floating_point():
                    tensor.add_(0.1)
        return model

    return shake


@pytest.fixture(scope="session")
def torchvision_names():
    """transformers' names of a ResNet's tensors, spelt as torchvision does."""

    def renamed(state):
        return {_torchvision_name(name): tensor for name, tensor in state.items() if "pooler" not in name}

    return renamed


def _torchvision_name(name: str) -> str:
    name = name.replace("embedder.embedder.convolution", "conv1").replace("embedder.embedder.normalization", "bn1")
    name = re.sub(r"encoder\.stages\.(\d+)\.layers\.(\d+)", lambda m: f"layer{int(m[1]) + 1}.{m[2]}", name)
    name = re.sub(r"\.layer\.(\d)\.convolution", lambda m: f".conv{int(m[1]) + 1}", name)
    name = re.sub(r"\.layer\.(\d)\.normalization", lambda m: f".bn{int(m[1]) + 1}", name)
    return name.replace("shortcut.convolution", "downsample.0").replace("shortcut.normalization", "downsample.1")


# -- PyTorch's files by hand: what they must be, whether PyTorch is there or not ---------------------------------------


def _text(value: str) -> bytes:
    encoded = value.encode()
    return b"X" + struct.pack("<i", len(encoded)) + encoded


def _number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def _numbers(values) -> bytes:
    return b"(" + b"".join(map(_number, values)) + b"t"


def _global(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def _tensor(key: str, array: np.ndarray, *, legacy: bool) -> bytes:
    kind = {"float32": "FloatStorage", "float16": "HalfStorage", "int64": "LongStorage"}[str(array.dtype)]
    view = b"N" if legacy else b""
    storage = b"(" + _text("storage") + _global("torch", kind) + _text(key) + _text("cpu") + _number(array.size) + view
    strides = [stride // array.itemsize for stride in array.strides]
    hooks = _global("collections", "OrderedDict") + b")R"
    arguments = storage + b"tQ" + _number(0) + _numbers(array.shape) + _numbers(strides) + b"\x89" + hooks
    return _global("torch._utils", "_rebuild_tensor_v2") + b"(" + arguments + b"tR"


def _dictionary(arrays, *, legacy: bool) -> bytes:
    items = b"".join(_text(name) + _tensor(str(place), one, legacy=legacy) for place, (name, one) in _numbered(arrays))
    return _global("collections", "OrderedDict") + b")R(" + items + b"u"


def _numbered(arrays):
    return enumerate((name, np.asarray(array, order="C")) for name, array in arrays.items())


@pytest.fixture(scope="session")
def legacy_file():
    """Writes arrays as PyTorch did before version 1.6, inside a checkpoint's `state_dict`."""

    def write(path, arrays, *, before=b""):
        content = b"\x80\x02}(" + _text("epoch") + _number(800) + _text("state_dict")
        content += before + _dictionary(arrays, legacy=True) + b"u."
        system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
        with path.open("wb") as stream:
            for value in (0x1950A86A20F9469CFC6C, 1001, system):
                stream.write(pickle.dumps(value, protocol=2))
            stream.write(content)
            stream.write(pickle.dumps([str(place) for place in range(len(arrays))], protocol=2))
            for _, (_, array) in _numbered(arrays):
                stream.write(struct.pack("<q", array.size) + array.tobytes())
        return path

    return write


@pytest.fixture(scope="session")
def zip_file():
    """Writes arrays as PyTorch does since version 1.6."""

    def write(path, arrays, *, before=b"", compression=zipfile.ZIP_STORED):
        with zipfile.ZipFile(path, "w", compression) as archive:
            archive.writestr("archive/data.pkl", b"\x80\x02" + before + _dictionary(arrays, legacy=False) + b".")
            archive.writestr("archive/byteorder", "little")
            for place, (_, array) in _numbered(arrays):
                archive.writestr(f"archive/data/{place}", array.tobytes())
            archive.writestr("archive/version", "3\n")
        return path

    return write
