"""Files that were made to hurt: each is refused with one short line, soon, and with little memory.

The corpus holds what fuzzing and readers of the code found (`benchmarks/fuzz.py` looks for more); docs/security.md
states the bounds.
"""

import bz2
import gzip
import io
import os
import pickle
import struct
import tarfile
import threading
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from artifacts import UserError
from artifacts.arrays import read_array
from artifacts.errors import LONGEST_MESSAGE
from empirical.backbones.weights_file import stored_tensors
from empirical.datasets import pixels
from empirical.datasets.pixels import decode, read_image
from empirical.formats import pickle_terms, torch_file
from empirical.formats.archives import BadArchive, unpack
from empirical.formats.pickle_terms import Call, Name, Outside, UnreadablePickle, shown, terms
from empirical.formats.pickled_arrays import read_arrays

#: Memory that refusing a file may take: what it holds, and a few megabytes of Python's.
MOST_MEMORY = 80 << 20
pytestmark = pytest.mark.timeout(20)


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value) if value < 2**31 else b"\x8a\x08" + struct.pack("<q", value)


def name(module: str, last: str) -> bytes:
    return f"c{module}\n{last}\n".encode()


def numbers(values) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


#: A tuple that holds itself twice, sixty times: 2^60 parts in 250 bytes.
TWICE = b"K\x01" + b"q\x00h\x00\x86" * 60


def storage(kind: str, key: bytes, count: bytes) -> bytes:
    return b"(" + text("storage") + kind.encode() + key + text("cpu") + count + b"tQ"


def tensor(held: bytes, sizes: bytes, strides: bytes) -> bytes:
    hooks = name("collections", "OrderedDict") + b")R"
    return (
        name("torch._utils", "_rebuild_tensor_v2") + b"(" + held + b"K\x00" + sizes + strides + b"\x89" + hooks + b"tR"
    )


FLOATS = name("torch", "FloatStorage").decode()
ONE = storage(FLOATS, text("0"), number(1))


def state(*entries: bytes) -> bytes:
    return b"\x80\x02}(" + b"".join(entries) + b"u."


CHECKPOINTS = {
    "kind of storage": state(text("w"), tensor(storage("", TWICE, b"") [:0] + b"(" + text("storage") + TWICE + text("0")
                             + text("cpu") + number(1) + b"tQ", numbers((1,)), numbers((1,)))),
    "key of storage": state(text("w"), tensor(storage(FLOATS, TWICE, number(1)), numbers((1,)), numbers((1,)))),
    "count of storage": state(text("w"), tensor(storage(FLOATS, text("0"), TWICE), numbers((1,)), numbers((1,)))),
    "sizes": state(text("w"), tensor(ONE, TWICE, numbers((1,)))),
    "long sizes": state(text("w"), tensor(ONE, numbers((2**47,) * 500), numbers((0,) * 500))),
    "negative stride": state(text("w"), tensor(ONE, numbers((1, 2)), b"(K\x01J\xff\xff\xff\xfft")),
    "encoding": state(text("w"), name("_codecs", "encode") + b"(" + text("a") + TWICE + b"tR"),
    "long name": state(text("w" * 5_000_000), tensor(ONE, numbers((1,)), numbers((1,)))),
    "long attack": b"\x80\x02cos\n" + b"s" * 60_000 + b"\n.",
    "long line": b"\x80\x02I" + b"1" * 10_000_000 + b"\n.",
    "many texts": b"\x80\x02" + name("_codecs", "encode") + b"q\x01" + text("a" * 10**6) + b"q\x02" + text("latin1")
    + b"q\x03" + b"h\x01h\x02h\x03\x86R" * 300 + b".",
    "parameters of parameters": state(
        text("w"), name("torch._utils", "_rebuild_parameter") * 300 + ONE + (b"K\x00K\x00\x87R") * 300),
    "huge text": b"\x80\x04\x8d" + struct.pack("<Q", 2**40) + b".",
    "huge integer": b"\x80\x02\x8b" + struct.pack("<i", 2**30) + b"\xff." ,
    "lists": b"\x80\x02" + b"]" * 3_000 + b".",
}  # fmt: skip


def zipped(path, content: bytes, *, script: bool = False):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", content)
        archive.writestr("a/data/0", bytes(4))
        if script:
            archive.writestr("a/constants.pkl", content)
    return path


def legacy(path, content: bytes):
    head = (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True})
    tail = pickle.dumps(["0"], 2) + struct.pack("<q", 1) + bytes(4)
    path.write_bytes(b"".join(pickle.dumps(one, 2) for one in head) + content + tail)
    return path


def refused(read, error=UserError) -> str:
    """The message, which must come within little memory and be short."""
    tracemalloc.start()
    try:
        with pytest.raises(error) as caught:
            read()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST_MEMORY
    message = str(caught.value)
    assert len(message) <= LONGEST_MESSAGE + 10
    return message


def everything(path):
    return {key: one.read() for key, one in stored_tensors(path).tensors.items()}


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


HEADERS = {
    "petabytes": "{'descr': '|u1', 'fortran_order': False, 'shape': (1125899906842624, 4), }",
    "overflow": "{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
    "negative": "{'descr': '|u1', 'fortran_order': False, 'shape': (-1,), }",
    "objects": "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    "deep": "{'descr': '|u1', 'fortran_order': False, 'shape': " + "(" * 5000 + ")" * 5000 + "}",
    "no literal": "__import__('os').system('true')",
    "unfinished": "{'descr': '|u1', 'fortran_order': False, 'shape': (1,",
    "no shape": "{'descr': '|u1'}",
}


@pytest.mark.parametrize("case", HEADERS)
def test_a_hostile_array(case, tmp_path):
    header = HEADERS[case].encode()
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x02\x00" + struct.pack("<I", len(header)) + header + bytes(64))
    assert "a.npy" in refused(lambda: read_array(tmp_path / "a.npy", "fetch it again"))


def test_a_whole_array_is_read(tmp_path):
    for array in (np.arange(12).reshape(3, 4), np.asfortranarray(np.ones((2, 3), np.float32))):
        np.save(tmp_path / "a.npy", array)
        np.testing.assert_array_equal(read_array(tmp_path / "a.npy", "again"), array)


# -- images ------------------------------------------------------------------------------------------------------------


def test_no_format_is_opened_that_starts_a_program(tmp_path, monkeypatch):
    def start(*arguments, **options):
        raise AssertionError("a program was started")

    monkeypatch.setattr("subprocess.Popen", start)
    page = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n"
    (tmp_path / "a.jpg").write_bytes(page)
    with pytest.raises(UserError, match="something else"):
        read_image(tmp_path / "a.jpg")


def bomb(width: int, height: int) -> bytes:
    """A PNG of zeros: 22 kB for each of many megabytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def test_pixels_are_counted_before_they_are_decoded():
    for width, height in ((100_000, 100_000), (2**31 - 1, 1), (12_000, 12_000)):
        refused(lambda width=width, height=height: decode(bomb(width, height), "bomb.png"))


def test_large_images_are_decoded_one_at_a_time(monkeypatch):
    """Threads may be many, memory not: of images above the bound only one is in memory."""
    monkeypatch.setattr(pixels, "SMALL_PIXELS", 100)
    stream, inside, most = io.BytesIO(), [0], [0]
    Image.fromarray(np.zeros((20, 20, 3), np.uint8)).save(stream, "PNG")
    convert = Image.Image.convert

    def counted(image, mode):
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        threading.Event().wait(0.01)
        inside[0] -= 1
        return convert(image, mode)

    monkeypatch.setattr(Image.Image, "convert", counted)
    threads = [threading.Thread(target=decode, args=(stream.getvalue(), "x")) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert most == [1]


def test_sixteen_bits_in_a_ppm_are_refused():
    for head, content in ((b"P6 4 4 65535\n", bytes(96)), (b"P3 2 2 1000\n", b"1 " * 12)):
        with pytest.raises(UserError, match="8 bits a channel"):
            decode(head + content, "deep.ppm")
    assert decode(b"P6 4 4 255\n" + bytes(48), "x.ppm").shape == (4, 4, 3)


READERS = (read_image, stored_tensors, read_arrays, lambda path: read_array(path, "fetch it again"))


@pytest.mark.parametrize("reader", READERS)
def test_only_regular_files_are_read(reader, tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    for file in ("pipe.jpg", "folder.jpg", "zero.jpg"):
        refused(lambda file=file: reader(tmp_path / file))


@pytest.mark.parametrize("reader", READERS)
def test_a_file_that_is_nearly_all_hole(reader, tmp_path):
    with (tmp_path / "hole.jpg").open("wb") as stream:
        stream.truncate(200 * 10**9)
    refused(lambda: reader(tmp_path / "hole.jpg"))


# -- archives ----------------------------------------------------------------------------------------------------------


def tar_header(size: int, kind: bytes = b"0", file: str = "a.jpg") -> bytes:
    member = tarfile.TarInfo(file)
    member.size, member.type = size, kind
    return member.tobuf(tarfile.GNU_FORMAT)


def bad_zip(path, *, flag: int = 0, names=("a.jpg",), size: int | None = None):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in names:
            archive.writestr(one, bytes(100))
            member = archive.getinfo(one)
            member.flag_bits |= flag
            member.file_size = size or member.file_size
    return path


def plain_tar(path, *members: tuple[str, bytes]):
    with tarfile.open(path, "w") as archive:
        for file, content in members:
            entry = tarfile.TarInfo(file)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def written(path, content: bytes):
    path.write_bytes(content)
    return path


def packed(folder, content: bytes, end: int | None = None):
    return written(folder / "a.tar.gz", gzip.compress(content)[:end])


ARCHIVES = {
    "terabytes": lambda folder: written(folder / "a.tar", tar_header(8 * 2**40) + bytes(10240)),
    "terabytes, packed": lambda folder: packed(folder, tar_header(8 * 2**40) + bytes(10240)),
    "a long name": lambda folder: packed(folder, tar_header(2**33, b"L") + bytes(10**6)),
    "long headers": lambda folder: packed(folder, tar_header(2**33, b"x") + bytes(10**6)),
    "holes": lambda folder: written(folder / "a.tar", tar_header(512, b"S") + bytes(2048)),
    "zeros": lambda folder: packed(folder, tar_header(2 * 10**8) + bytes(10**6)),
    "zeros, zipped": lambda folder: bad_zip(folder / "a.zip", size=10**12),
    "encrypted": lambda folder: bad_zip(folder / "a.zip", flag=1),
    "clash": lambda folder: bad_zip(folder / "a.zip", names=("a", "a/b")),
    "clash in a tar": lambda folder: plain_tar(folder / "a.tar", ("a", b"1"), ("a/b", b"2")),
    "a name too long": lambda folder: plain_tar(folder / "a.tar", ("n" * 300, b"1")),
    "cut off": lambda folder: packed(folder, plain_tar(folder / "b", ("a", bytes(99))).read_bytes(), end=40),
    "cut off in bz2": lambda folder: written(folder / "a.tar.bz2", bz2.compress(bytes(10**5))[:20]),
    "no name": lambda folder: written(
        folder / "a.zip", bad_zip(folder / "b.zip", names=("Q",)).read_bytes().replace(b"Q", b"\0")
    ),
    "no archive": lambda folder: written(folder / "a.tar.gz", b"<html>404 not found</html>"),
    "empty": lambda folder: written(folder / "a.zip", b""),
}  # fmt: skip


@pytest.mark.parametrize("case", ARCHIVES)
def test_a_hostile_archive(case, tmp_path):
    (tmp_path / "in").mkdir()
    archive = ARCHIVES[case](tmp_path / "in")
    assert "whole and harmless" in refused(lambda: unpack(archive, tmp_path / "out"), BadArchive)
    assert not list((tmp_path / "out").iterdir())


def test_a_name_in_an_archive_that_is_no_text(tmp_path):
    path = zipped(tmp_path / "w.pth", state())
    path.write_bytes(path.read_bytes().replace(b"a/data/0", b"a/\xffata/0"))
    content = bytearray(path.read_bytes())
    for at in range(len(content)):  # the flag that says UTF-8
        if content[at : at + 4] == b"PK\x01\x02":
            content[at + 9] |= 8
    path.write_bytes(content)
    refused(lambda: everything(path))
    refused(lambda: unpack(path.rename(tmp_path / "w.zip"), tmp_path / "out"), BadArchive)


def test_a_list_of_entries_without_end(tmp_path):
    path = bad_zip(tmp_path / "w.zip")
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.rfind(b"PK\x05\x06") + 12, 2**32 - 2)
    path.write_bytes(content)
    assert "list of entries" in refused(lambda: unpack(path, tmp_path / "out"), BadArchive)
    assert "list of entries" in refused(lambda: stored_tensors(path))


@pytest.mark.parametrize(
    "program", [b"\x80\x02" + TWICE + b"s.", b"\x80\x02" + TWICE + b"K\x01R" + b"}" + TWICE + b"K\x01su."]
)
def test_a_pickle_that_holds_itself_is_read_in_no_time(program):
    with pytest.raises(UnreadablePickle) as caught:
        terms(io.BytesIO(program), ())
    assert len(str(caught.value)) < 1000
