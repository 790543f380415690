"""PyTorch's three file formats are read as PyTorch reads them, and nothing in them is ever run."""

import argparse
import datetime
import os
import pickle
import tempfile
import zipfile
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from artifacts import UserError
from empirical.backbones.weights_file import stored_tensors

ARRAYS = {
    "a.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2),
    "a.bias": np.array([1.5, -2], np.float16),
    "count": np.array(7, np.int64),
    "empty": np.zeros((0, 3), np.float32),
}


def assert_same(stored, arrays):
    assert set(stored.tensors) == set(arrays)
    for name, array in arrays.items():
        found = stored.tensors[name]
        assert (found.shape, found.dtype) == (array.shape, array.dtype)
        np.testing.assert_array_equal(found.read(), array)


@pytest.fixture(params=["legacy_file", "zip_file"])
def write(request):
    return request.getfixturevalue(request.param)


def test_both_formats_written_by_hand(write, tmp_path):
    assert_same(stored_tensors(write(tmp_path / "w.pth", ARRAYS)), ARRAYS)


def test_what_is_written_by_hand_is_what_pytorch_reads(torch, write, tmp_path):
    found = torch.load(write(tmp_path / "w.pth", ARRAYS), weights_only=True)
    found = found.get("state_dict", found)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name].numpy(), array)


@pytest.mark.parametrize("zipped", [True, False])
def test_what_pytorch_writes(torch, zipped, tmp_path):
    whole = torch.arange(60, dtype=torch.float32).reshape(3, 4, 5)
    tensors = {
        "whole": whole, "turned": whole.permute(2, 0, 1), "piece": whole[1, 1:3], "half": whole.half(),
        "brain": whole.bfloat16(), "flags": whole > 30, "parameter": torch.nn.Parameter(whole[0]),
        "number": torch.tensor(4), "double": whole.double(), "byte": whole.byte(),
    }  # fmt: skip
    model = torch.nn.Linear(2, 2)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.ones(1, 2)).sum().backward()
    optimiser.step()
    content = {"epoch": 3, "arch": "resnet50", "state_dict": tensors, "optimizer": optimiser.state_dict()}
    torch.save(content, tmp_path / "w.pth", _use_new_zipfile_serialization=zipped)
    stored = stored_tensors(tmp_path / "w.pth")
    assert stored.container == ("torch zip" if zipped else "torch legacy")
    expected = {
        name: one.float().numpy().astype(ml_dtypes.bfloat16) if name == "brain" else one.detach().numpy()
        for name, one in tensors.items()
    }
    assert_same(stored, expected)


@pytest.mark.filterwarnings("ignore")  # PyTorch on its own tracing
def test_torchscript(torch, tmp_path):
    class Inner(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = torch.nn.BatchNorm2d(3)
            self.register_buffer("size", torch.tensor(224))

        def forward(self, x):
            return self.norm(x)

    model = torch.nn.Sequential(torch.nn.Conv2d(3, 3, 1), Inner()).eval()
    torch.jit.trace(model, torch.ones(1, 3, 2, 2)).save(str(tmp_path / "w.pt"))
    stored = stored_tensors(tmp_path / "w.pt")
    assert stored.container == "torchscript"
    assert_same(stored, {name: tensor.numpy() for name, tensor in model.state_dict().items()})


@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16])
def test_safetensors(tmp_path, dtype):
    arrays = {"a": np.arange(6).reshape(2, 3).astype(dtype)}
    save_file(arrays, tmp_path / "w.safetensors", metadata={"format": "pt"})
    stored = stored_tensors(tmp_path / "w.safetensors")
    assert (stored.container, stored.metadata) == ("safetensors", {"format": "pt"})
    assert_same(stored, arrays)


class Attack:
    def __init__(self, witness):
        self.witness = witness

    def __reduce__(self):
        return os.system, (f"touch {self.witness}",)


@pytest.mark.parametrize("attack", ["state", "instead", "script"])
def test_a_malicious_file_is_refused_by_the_name_it_asks_for_and_not_run(attack, zip_file, legacy_file, tmp_path):
    witness, path = tmp_path / "witness", tmp_path / "w.pth"
    call = pickle.dumps(Attack(witness), protocol=2)
    if attack == "state":
        zip_file(path, ARRAYS, before=call[2:-1] + b"0")  # called, and dropped
    elif attack == "instead":
        path.write_bytes(call)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("model/data.pkl", call)
            archive.writestr("model/constants.pkl", call)
    with pytest.raises(UserError, match=r"holds the name (posix|nt)\.system; nothing was run"):
        stored_tensors(path)
    legacy_file(path, ARRAYS, before=call[2:-1] + b"0")
    with pytest.raises(UserError, match=r"holds the name (posix|nt)\.system; nothing was run"):
        stored_tensors(path)
    assert not witness.exists()


REFUSED = ("builtins.eval", "os.system", "subprocess.Popen", "importlib.import_module", "posix.system")


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_only_an_attack_asks_for_is_refused(name, zip_file, tmp_path):
    module, _, last = name.rpartition(".")
    before = f"c{module}\n{last}\n0".encode()
    with pytest.raises(UserError, match=f"holds the name {name}"):
        stored_tensors(zip_file(tmp_path / "w.pth", ARRAYS, before=before))


@pytest.mark.parametrize("name", ["argparse.Namespace", "numpy.core.multiarray._reconstruct", "mine.Settings"])
def test_other_names_do_not_matter_where_they_are_skipped(name, write, tmp_path):
    module, _, last = name.rpartition(".")
    made = f"c{module}\n{last}\n)R}}X\x02\0\0\0lrK\x01sb0".encode()  # made, given a state, and dropped
    assert_same(stored_tensors(write(tmp_path / "w.pth", ARRAYS, before=made)), ARRAYS)


@pytest.mark.parametrize("zipped", [True, False])
def test_arguments_beside_the_state_are_skipped(torch, zipped, tmp_path):
    tensors = {"a": torch.ones(2)}
    content = {"model": tensors, "args": argparse.Namespace(lr=0.03), "when": datetime.date(2020, 1, 1)}
    torch.save(content, tmp_path / "w.pth", _use_new_zipfile_serialization=zipped)
    assert_same(stored_tensors(tmp_path / "w.pth"), {"a": np.ones(2, np.float32)})


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(write, share, tmp_path):
    path = write(tmp_path / "w.pth", {"a": np.arange(5000, dtype=np.float32), "b": np.ones(10, np.float32)})
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError, match=r"w\.pth"):
        {name: one.read() for name, one in stored_tensors(path).tensors.items()}


@given(place=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255))
@settings(max_examples=80)
def test_a_damaged_byte_never_does_more_than_change_numbers_or_be_refused(place, value, zip_file, legacy_file):
    with tempfile.TemporaryDirectory() as folder:
        for write in (zip_file, legacy_file):
            path = write(Path(folder) / "w.pth", ARRAYS)
            content = bytearray(path.read_bytes())
            content[int(place * len(content))] = value
            path.write_bytes(content)
            try:
                found = {name: one.read() for name, one in stored_tensors(path).tensors.items()}
            except UserError:
                continue
            assert sum(array.nbytes for array in found.values()) <= 8 * len(content)


def test_a_compressed_archive_is_refused_before_it_is_unpacked(zip_file, tmp_path):
    path = zip_file(tmp_path / "w.pth", {"a": np.zeros(10**6, np.float32)}, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(UserError, match="compressed"):
        stored_tensors(path)


def test_a_tensor_larger_than_its_storage_is_refused(zip_file, tmp_path):
    path = zip_file(tmp_path / "w.pth", {"a": np.lib.stride_tricks.as_strided(np.zeros(4, np.float32), (4,), (4,))})
    with zipfile.ZipFile(path) as archive:
        content = archive.read("archive/data.pkl")
    # Sizes (4,) become (1,000,000,), the stride 0: a tensor of 4 MB from 16 bytes.
    larger = content.replace(b"(J\x04\x00\x00\x00t(J\x01\x00\x00\x00t", b"(J\x40\x42\x0f\x00t(J\x00\x00\x00\x00t")
    assert larger != content
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", larger)
        archive.writestr("archive/data/0", bytes(16))
    with pytest.raises(UserError, match="larger than its storage"):
        stored_tensors(path)


@pytest.mark.parametrize(
    "content", [b"not a checkpoint", pickle.dumps([1, 2], protocol=2), b"\x80\x02}.", b"PK\x03\x04 no archive", b""]
)
def test_other_files_are_refused(content, tmp_path):
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(UserError, match=r"w\.pth must"):
        stored_tensors(tmp_path / "w.pth")


def test_a_missing_file_is_a_clear_error(tmp_path):
    with pytest.raises(UserError, match=r"none\.pth must be a weights file"):
        stored_tensors(tmp_path / "none.pth")
