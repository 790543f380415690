"""Checkpoints and pickles that were made to hurt: each is refused with one short line, soon, and with little memory.

The corpus holds what fuzzing and readers of the code found (`benchmarks/fuzz.py` looks for more); docs/security.md
states the bounds.
"""

import io
import zipfile

import pytest

from artifacts import UserError
from empirical.backbones.weights_file import stored_tensors
from empirical.formats import pickle_terms, torch_file
from empirical.formats.pickle_terms import Call, Name, Outside, UnreadablePickle, shown, terms
from empirical.formats.pickled_arrays import read_arrays
from tests.support.hostile_pickles import (
    CHECKPOINTS,
    FLOATS,
    ONE,
    TWICE,
    legacy,
    name,
    number,
    numbers,
    state,
    storage,
    tensor,
    text,
    zipped,
)
from tests.support.refusal import everything, refused

pytestmark = pytest.mark.timeout(20)


@pytest.mark.parametrize("case", CHECKPOINTS)
@pytest.mark.parametrize("write", [zipped, legacy])
def test_a_hostile_checkpoint(case, write, tmp_path, monkeypatch):
    # Typechecking makes an instruction a hundred times as slow as it is.
    monkeypatch.setattr(pickle_terms, "MOST_INSTRUCTIONS", 2000)
    path = write(tmp_path / "w.pth", CHECKPOINTS[case])
    assert "w.pth" in refused(lambda: everything(path))


def test_a_zip_entry_that_promises_more_than_it_holds(tmp_path):
    path = tmp_path / "w.pth"
    with zipfile.ZipFile(path, "w") as archive:
        content = tensor(storage(FLOATS, text("0"), number(4096)), numbers((4096,)), numbers((1,)))
        archive.writestr("a/data.pkl", state(text("w"), content))
        archive.writestr("a/data/0", bytes(4))
        archive.getinfo("a/data/0").file_size = 4 * 4096
    assert "two sizes" in refused(lambda: everything(path))
    # Both sizes lie, and the entry is the file's last: nothing follows that could be read in its place.
    with zipfile.ZipFile(path, "a") as archive:
        archive.getinfo("a/data/0").compress_size = 4 * 4096
        archive.getinfo("a/data/0").file_size = 4 * 4096
        archive._didModify = True
    refused(lambda: everything(path))


@pytest.mark.parametrize("entry", ["a/data.pkl", "a/data/0"])
def test_a_zip_entry_that_is_said_to_start_beyond_every_file(entry, tmp_path):
    path = zipped(tmp_path / "w.pth", state(text("w"), tensor(ONE, numbers((1,)), numbers((1,)))))
    assert everything(path)["w"].shape == (1,)
    with zipfile.ZipFile(path, "a") as archive:
        archive.getinfo(entry).header_offset = 2**63 + 5
        archive._didModify = True
    assert "w.pth" in refused(lambda: everything(path))


def test_one_storage_under_two_types(tmp_path):
    """The bytes are there for the smaller type only: the larger would be read from beyond the file."""
    bytes_first = storage(name("torch", "ByteStorage").decode(), text("0"), number(1))
    both = (
        text("b"),
        tensor(bytes_first, numbers((1,)), numbers((1,))),
        text("w"),
        tensor(ONE, numbers((1,)), numbers((1,))),
    )
    assert "two types" in refused(lambda: everything(legacy(tmp_path / "w.pth", state(*both))))


def test_modules_that_hold_one_module_twice_each(tmp_path, monkeypatch):
    """TorchScript's modules may share their children: 2^30 names of one tensor in 30 modules."""
    module = name("__torch__.m", "M") + b")R}(" + text("x") + tensor(ONE, numbers((1,)), numbers((1,))) + b"ub"
    for _ in range(30):
        module = module + b"q\x05" + name("__torch__.m", "M") + b")R}(" + text("a") + b"h\x05" + text("b") + b"h\x05ub"
    path = zipped(tmp_path / "w.pt", b"\x80\x02" + module + b".", script=True)
    monkeypatch.setattr(torch_file, "MOST_PARTS", 2000)
    with pytest.raises(UserError, match="parts of modules"):
        stored_tensors(path)


def test_terms_are_shown_short():
    deep = "x"
    for _ in range(200):
        deep = (deep, deep)
    for term in (
        deep,
        Call(deep, deep),
        Outside(deep),
        [deep] * 100,
        10**10_000,
        "x" * 10**6,
        {1: deep},
        Name("a", "b"),
    ):
        assert len(shown(term)) < 400


def test_a_batch_with_hostile_shapes(tmp_path):
    path = tmp_path / "data_batch_1"
    for shape in (TWICE, numbers((2**47,) * 500), numbers((2**47, 2**47)), b"(J\xff\xff\xff\xfft"):
        make = name("numpy.core.multiarray", "_reconstruct") + name("numpy", "ndarray") + numbers((0,)) + b"C\x01b\x87R"
        kind = name("numpy", "dtype") + b"(" + text("u1") + b"K\x00K\x01tR"
        path.write_bytes(b"\x80\x03}(" + text("data") + make + b"(K\x01" + shape + kind + b"\x89C\x01atbu.")
        assert "data_batch_1" in refused(lambda: read_arrays(path))


@pytest.mark.parametrize(
    "program", [b"\x80\x02" + TWICE + b"s.", b"\x80\x02" + TWICE + b"K\x01R" + b"}" + TWICE + b"K\x01su."]
)
def test_a_pickle_that_holds_itself_is_read_in_no_time(program):
    with pytest.raises(UnreadablePickle) as caught:
        terms(io.BytesIO(program), ())
    assert len(str(caught.value)) < 1000
