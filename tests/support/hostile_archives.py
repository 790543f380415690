"""Archives that were made to hurt: by what they promise, by names that clash, by their ends."""

import bz2
import gzip
import io
import tarfile
import zipfile


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
