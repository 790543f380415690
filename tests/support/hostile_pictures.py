"""Arrays and images that were made to hurt: by what their heads promise."""

import struct
import zlib

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


def bomb(width: int, height: int) -> bytes:
    """A PNG of zeros: 22 kB for each of many megabytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )
