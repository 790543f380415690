"""Records that are whole, and whose content is not what this version writes: one line, whatever it is."""

import io
import zipfile
from dataclasses import dataclass

import numpy as np
import pytest

from artifacts import UserError, publish
from artifacts.arrays import MOST_UNPACKED, read_archive
from simulations.attack import witness
from simulations.records import DATA, load_as, save
from simulations.settings import parsed, read
from simulations.trajectory import Trajectory
from tests.simulations.test_records import SMALL


@dataclass(frozen=True)
class Data:
    """A number, a text and an array, as experiments have them."""

    values: np.ndarray
    solved_by: str
    rate: float


def archive(**arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def entry(header, *, name="values.npy", values=b""):
    """An archive of one array whose header says what it likes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        text = header.ljust(118).encode() + b"\n"
        packed.writestr(name, b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + values)
    return stream.getvalue()


def twice():
    """An archive whose directory names its array twice."""
    one = archive(values=np.ones(3))
    directory = one.index(b"PK\x01\x02")
    end = one.index(b"PK\x05\x06")
    entries = one[directory:end]
    closing = bytearray(one[end:])
    closing[8:12] = (2).to_bytes(2, "little") * 2
    closing[12:16] = (2 * len(entries)).to_bytes(4, "little")
    return one[:directory] + entries + entries + bytes(closing)


WHOLE = {"values": np.ones(3), "solved_by": np.array("integrated"), "rate": np.array(0.1)}
CONTENTS = {
    "empty": lambda: b"",
    "no archive": lambda: b"PK\x03\x04 nonsense",
    "cut off": lambda: archive(**WHOLE)[:-30],
    "an array": lambda: archive(**WHOLE)[40:],
    "objects": lambda: archive(**{**WHOLE, "values": np.array([{}], dtype=object)}),
    "petabytes": lambda: entry("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000,), }"),
    "negative sizes": lambda: entry("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -1), }", values=bytes(8)),
    "too few bytes": lambda: entry("{'descr': '<f8', 'fortran_order': False, 'shape': (4,), }", values=bytes(8)),
    "too many bytes": lambda: entry("{'descr': '<f8', 'fortran_order': False, 'shape': (), }", values=bytes(99)),
    "no shape": lambda: entry("{'descr': '<f8', 'fortran_order': False, }"),
    "a header that is no table": lambda: entry("__import__('os')"),
    "an unknown type": lambda: entry("{'descr': 'q!', 'fortran_order': False, 'shape': (1,), }"),
    "one name twice": twice,
    "a field missing": lambda: archive(values=np.ones(3)),
    "a number that is an array": lambda: archive(**{**WHOLE, "rate": np.ones(3)}),
    "a number that is a text": lambda: archive(**{**WHOLE, "rate": np.array("fast")}),
}  # fmt: skip


@pytest.mark.parametrize("content", CONTENTS)
def test_data_of_another_kind_are_one_line(tmp_path, content):
    data = CONTENTS[content]()
    publish(tmp_path / "toy", inputs={}, build=lambda folder: (folder / DATA).write_bytes(data))
    with pytest.raises(UserError, match="distort simulate toy") as refused:
        load_as(Data, tmp_path / "toy")
    assert len(str(refused.value).splitlines()) == 1


def test_data_that_were_not_written_are_one_line(tmp_path):
    publish(tmp_path / "toy", inputs={}, build=lambda folder: None)
    with pytest.raises(UserError, match="is missing"):
        load_as(Data, tmp_path / "toy")


def test_what_was_saved_comes_back_as_numpy_reads_it(tmp_path):
    data = Data(values=np.arange(6.0).reshape(2, 3).T, solved_by="integrated", rate=0.1)
    publish(tmp_path / "toy", inputs={}, build=lambda folder: save(data, folder, SMALL))
    found = load_as(Data, tmp_path / "toy")
    assert (found.solved_by, found.rate) == ("integrated", 0.1)
    np.testing.assert_array_equal(found.values, data.values)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("values.npy", b"")
        packed.infolist()[0].file_size = MOST_UNPACKED + 1
    (tmp_path / "bomb.npz").write_bytes(stream.getvalue())
    with pytest.raises(UserError, match="at most 4 GiB"):
        read_archive(tmp_path / "bomb.npz", "fetch it again")


@pytest.mark.parametrize("content", ["empty", "no archive", "cut off", "objects", "a field missing"])
def test_a_trajectory_of_another_kind_is_one_line(tmp_path, content):
    (tmp_path / "path.npz").write_bytes(CONTENTS[content]())
    with pytest.raises(UserError, match=r"path\.npz must hold"):
        Trajectory.load(tmp_path / "path.npz")


TEXTS = ["", "[" * 100_000, "null", "3", "\x00", '{"statement": 3}', "\ufeff{}", '{"statement": "x", "ratio": NaN}']


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:20]))
def test_a_witness_of_another_kind_is_one_line(tmp_path, text):
    (tmp_path / "witness.json").write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as refused:
        witness.load(tmp_path / "witness.json")
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    "text", ["a = ", "a = " + "[" * 100_000, "\x00", "a = 1\na = 2"], ids=lambda text: repr(text[:20])
)
def test_a_file_of_settings_of_another_kind_is_one_line(tmp_path, text):
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="must be a TOML file") as refused:
        read(tmp_path / "settings.toml")
    assert len(str(refused.value).splitlines()) == 1


def test_settings_on_the_command_line_are_bounded_too():
    with pytest.raises(UserError, match="nested too deeply"):
        parsed(["angles=" + "[" * 100_000])
    with pytest.raises(UserError, match="has a value and fields"):
        parsed(["dimensions=3", "dimensions.k=5"])
