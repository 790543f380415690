"""How large a zip archive's directory is, before `zipfile` reads the whole of it into memory."""

import struct
import zipfile
from pathlib import Path

from artifacts.reading import open_regular

_END, _END64, _LOCATOR64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
#: The record at the end with the longest comment.
_LONGEST_END = 22 + 2**16


def directory_bytes(path: Path) -> int:
    """Size of the archive's list of entries; an entry takes 46 bytes and its name.

    Raises:
      OSError: it cannot be read.
      zipfile.BadZipFile: there is no such list.
    """
    with open_regular(path) as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - _LONGEST_END - 20))
        end = stream.read()
        ending = end.rfind(_END)
        if ending < 0 or len(end) - ending < 22:
            raise zipfile.BadZipFile("it has no list of entries")
        (length,) = struct.unpack_from("<I", end, ending + 12)
        if ending >= 20 and end[ending - 20 : ending - 16] == _LOCATOR64:
            (start,) = struct.unpack_from("<Q", end, ending - 20 + 8)
            stream.seek(min(start, size))
            record = stream.read(56)
            if len(record) == 56 and record.startswith(_END64):
                (length,) = struct.unpack_from("<Q", record, 40)
        return length


def check_directory(path: Path, most: int) -> None:
    """Refuse an archive whose list of entries takes more than `most` bytes.

    Raises:
      OSError: it cannot be read.
      zipfile.BadZipFile: there is no such list, or it is larger.
    """
    length = directory_bytes(path)
    if length > most:
        raise zipfile.BadZipFile(f"its list of entries takes {length} bytes, where at most {most} are read")
