"""Downloads from a server on this machine: resumed, checked before they are opened, unpacked safely."""

import hashlib
import io
import re
import shutil
import tarfile
import threading
import zipfile
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from artifacts import UserError
from empirical.datasets.catalogue import SOURCES
from empirical.datasets.download import download
from empirical.datasets.sources import Fetched, Source
from empirical.formats.archives import unpack

PAYLOAD = np.random.default_rng(0).bytes(300_000)


def _tar(entries) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in entries:
            member = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
            else:
                member.type, member.linkname = content
                archive.addfile(member)
    return stream.getvalue()


ARCHIVE = _tar([("things/a.jpg", b"a" * 1000), ("things/b.jpg", b"b")])
FILES = {"/data.npy": PAYLOAD, "/things.tar.gz": ARCHIVE}


@pytest.fixture
def server():
    """Serves FILES, with ranges while it `resumes`; `cut` breaks the next answers off after so many bytes."""

    class Handler(BaseHTTPRequestHandler):
        cut: list[int] = []  # noqa: RUF012
        asked: list[str | None] = []  # noqa: RUF012
        resumes = True

        def do_GET(self):
            content = FILES.get(self.path)
            wanted = self.headers.get("Range")
            self.asked.append(wanted)
            if content is None:
                self.send_error(404)
                return
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and self.resumes else 0
            if start >= len(content):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            self.wfile.write(content[start : self.cut.pop() if self.cut else None])

        def log_message(self, *arguments):
            pass

    serving = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=serving.serve_forever, args=(0.02,), daemon=True).start()
    Handler.url = f"http://127.0.0.1:{serving.server_port}"
    yield Handler
    serving.shutdown()
    serving.server_close()


def _source(*fetched: Fetched) -> Source:
    return Source(name="x", title="x", folders=("x",), bytes_on_disk=1, licence="none", fetched=fetched)


def _quietly(message, fraction):
    pass


def _data(server, **options) -> Source:
    sha256 = hashlib.sha256(PAYLOAD).hexdigest()
    return _source(
        Fetched(**{"url": f"{server.url}/data.npy", "name": "data.npy", "into": "x", "sha256": sha256} | options)
    )


def test_a_file_is_fetched_once(tmp_path, server):
    (received,) = download(_data(server), tmp_path, progress=_quietly)
    assert (tmp_path / "x" / "data.npy").read_bytes() == PAYLOAD
    assert received.checked
    download(_data(server), tmp_path, progress=_quietly)
    assert len(server.asked) == 1


def test_what_is_there_is_checked_and_fetched_again_by_force(tmp_path, server):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "data.npy").write_bytes(b"random")
    with pytest.raises(UserError, match=r"data.npy must have the published sha256 .*; `--force` fetches it again"):
        download(_data(server), tmp_path, progress=_quietly)
    (received,) = download(_data(server), tmp_path, force=True, progress=_quietly)
    assert (received.checked, received.state) == (True, "fetched")
    (received,) = download(_data(server), tmp_path, progress=_quietly)
    assert (received.checked, received.state) == (True, "there")
    (received,) = download(_data(server, sha256=None), tmp_path, progress=_quietly)
    assert not received.checked


def test_an_unpacked_folder_that_is_gone_is_fetched_again_and_a_changed_one_is_said(tmp_path, server):
    archive = _source(Fetched(url=f"{server.url}/things.tar.gz", name="things.tar.gz"))
    download(archive, tmp_path, progress=_quietly)
    (received,) = download(archive, tmp_path, progress=_quietly)
    assert received.state == "there as it was unpacked"
    shutil.rmtree(tmp_path / "things")
    download(archive, tmp_path, progress=_quietly)
    assert (tmp_path / "things" / "b.jpg").read_bytes() == b"b"
    (tmp_path / "things" / "b.jpg").unlink()
    with pytest.raises(UserError, match=r"must hold the 2 files \(1001 bytes\) .* got 1 \(1000 bytes\); `--force`"):
        download(archive, tmp_path, progress=_quietly)
    download(archive, tmp_path, force=True, progress=_quietly)
    assert (tmp_path / "things" / "b.jpg").read_bytes() == b"b"
    assert sorted(one.name for one in tmp_path.iterdir()) == [".downloads", ".downloads.lock", "things"]


def test_a_broken_download_resumes(tmp_path, server):
    server.cut.append(100_000)
    with pytest.raises(UserError, match="run the same command again, it resumes"):
        download(_data(server), tmp_path, progress=_quietly)
    assert not (tmp_path / "x" / "data.npy").exists()
    download(_data(server), tmp_path, progress=_quietly)
    assert server.asked == [None, "bytes=100000-"]
    assert (tmp_path / "x" / "data.npy").read_bytes() == PAYLOAD


def test_a_server_that_cannot_resume_is_asked_for_the_whole(tmp_path, server):
    server.cut.append(100_000)
    with pytest.raises(UserError, match="broke off after 100000 of 300000 bytes"):
        download(_data(server), tmp_path, progress=_quietly)
    server.resumes = False
    download(_data(server), tmp_path, progress=_quietly)
    assert (tmp_path / "x" / "data.npy").read_bytes() == PAYLOAD


def test_a_leftover_that_is_longer_than_the_file_is_dropped(tmp_path, server):
    (tmp_path / ".downloads").mkdir()
    (tmp_path / ".downloads" / "data.npy.part").write_bytes(PAYLOAD + b"more")
    download(_data(server, size=len(PAYLOAD)), tmp_path, progress=_quietly)
    assert (tmp_path / "x" / "data.npy").read_bytes() == PAYLOAD


def test_an_archive_that_could_not_be_unpacked_is_not_fetched_again(tmp_path, server):
    archive = Fetched(url=f"{server.url}/things.tar.gz", name="things.tar.gz")
    (tmp_path / "things").mkdir()
    with pytest.raises(UserError, match="must not be there already"):
        download(_source(archive), tmp_path, progress=_quietly)
    (tmp_path / "things").rmdir()
    download(_source(archive), tmp_path, progress=_quietly)
    assert (tmp_path / "things" / "b.jpg").read_bytes() == b"b"
    assert len(server.asked) == 1


def test_a_damaged_archive_without_a_published_checksum_is_fetched_again(tmp_path, server, monkeypatch):
    archive = Fetched(url=f"{server.url}/things.tar.gz", name="things.tar.gz")
    with monkeypatch.context() as patch:
        patch.setitem(FILES, "/things.tar.gz", ARCHIVE[:60] + bytes(40) + ARCHIVE[100:])
        with pytest.raises(UserError, match=r"must be a whole and harmless archive"):
            download(_source(archive), tmp_path, progress=_quietly)
    assert not (tmp_path / "things").exists()
    download(_source(archive), tmp_path, progress=_quietly)
    assert (tmp_path / "things" / "b.jpg").read_bytes() == b"b"


def test_a_wrong_checksum_is_never_opened(tmp_path, server):
    archive = Fetched(url=f"{server.url}/things.tar.gz", name="things.tar.gz", sha256="0" * 64)
    with pytest.raises(UserError, match="must have the published sha256 000"):
        download(_source(archive), tmp_path, progress=_quietly)
    assert not (tmp_path / "things").exists()
    assert not list((tmp_path / ".downloads").iterdir())


def test_another_size_than_published_is_refused_before_it_is_fetched(tmp_path, server):
    with pytest.raises(UserError, match="must offer 299999 bytes as published, got 300000"):
        download(_data(server, size=299_999), tmp_path, progress=_quietly)


def test_a_full_disk_is_noticed_before_it_is_full(tmp_path, server, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("empirical.datasets.download.shutil.disk_usage", lambda path: usage(10**6, 10**6, 1000))
    with pytest.raises(UserError, match=r"must have 0\.0 GB free for data\.npy"):
        download(_data(server), tmp_path, progress=_quietly)


def test_a_disk_that_fills_up_all_the_same_loses_nothing(tmp_path, server, full_disk):
    with full_disk(200_000), pytest.raises(UserError, match=r"must be writable and have room, but .*File too large"):
        download(_data(server), tmp_path, progress=_quietly)
    assert not (tmp_path / "x").exists()
    download(_data(server), tmp_path, progress=_quietly)
    assert server.asked[1] is not None  # it resumed
    assert (tmp_path / "x" / "data.npy").read_bytes() == PAYLOAD


def test_an_absent_file_and_an_absent_server(tmp_path, server):
    with pytest.raises(UserError, match="got HTTP 404"):
        download(_data(server, url=f"{server.url}/nothing"), tmp_path, progress=_quietly)
    with pytest.raises(UserError, match="must be reachable"):
        download(_data(server, url="http://127.0.0.1:9/x"), tmp_path, progress=_quietly)


def test_an_archive_is_unpacked_and_removed(tmp_path, server):
    archive = Fetched(url=f"{server.url}/things.tar.gz", name="things.tar.gz", into="y")
    (received,) = download(_source(archive), tmp_path, progress=_quietly)
    assert (tmp_path / "y" / "things" / "b.jpg").read_bytes() == b"b"
    assert received.sha256 == hashlib.sha256(ARCHIVE).hexdigest()
    assert not received.checked
    assert [path.name for path in (tmp_path / ".downloads").iterdir()] == ["things.tar.gz.done"]
    download(_source(archive), tmp_path, progress=_quietly)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "entries",
    [
        [("../out", b"x")],
        [("/abs/out", b"x")],
        [("a/../../out", b"x")],
        [("link", (tarfile.SYMTYPE, "/etc/passwd"))],
        [("link", (tarfile.SYMTYPE, "..")), ("link/out", b"x")],
        [("link", (tarfile.LNKTYPE, "fine.jpg"))],
        [("device", (tarfile.CHRTYPE, ""))],
        [("pipe", (tarfile.FIFOTYPE, ""))],
    ],
    ids=["parent", "absolute", "hidden parent", "link", "through a link", "hard link", "device", "pipe"],
)
def test_a_hostile_tar_is_refused(tmp_path, entries):
    (tmp_path / "bad.tar.gz").write_bytes(_tar([("fine.jpg", b"x"), *entries]))
    folder = tmp_path / "in" / "here"
    if entries[0][0].startswith("/"):  # the data filter makes absolute names relative
        unpack(tmp_path / "bad.tar.gz", folder)
        assert (folder / "abs" / "out").exists()
        return
    with pytest.raises(UserError, match="harmless archive"):
        unpack(tmp_path / "bad.tar.gz", folder)
    assert not list(folder.iterdir())
    assert not (tmp_path / "in" / "out").exists()


def _zip(path, name, mode=0o100644):
    with zipfile.ZipFile(path, "w") as archive:
        member = zipfile.ZipInfo(name)
        member.external_attr = mode << 16
        archive.writestr(member, "x")


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("../out", 0o100644),
        ("/out", 0o100644),
        ("c:/out", 0o100644),
        ("a\\..\\..\\out", 0o100644),
        ("link", 0o120777),
        ("device", 0o020644),
        ("pipe", 0o010644),
    ],
)
def test_a_hostile_zip_is_refused(tmp_path, name, mode):
    _zip(tmp_path / "bad.zip", name, mode)
    with pytest.raises(UserError, match="harmless archive"):
        unpack(tmp_path / "bad.zip", tmp_path / "here")
    assert not list((tmp_path / "here").iterdir())


def test_truncated_archives_are_named(tmp_path):
    (tmp_path / "half.tar.gz").write_bytes(ARCHIVE[: len(ARCHIVE) // 2])
    (tmp_path / "half.zip").write_bytes(b"PK\x03\x04 and no more")
    for name in ("half.tar.gz", "half.zip"):
        with pytest.raises(UserError, match=f"{name} must be a whole"):
            unpack(tmp_path / name, tmp_path / "here")


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"")
    _zip(tmp_path / "a.zip", "mine")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "mine").write_text("kept")
    with pytest.raises(UserError, match="must not be there already"):
        unpack(tmp_path / "a.zip", tmp_path / "here")
    assert (tmp_path / "here" / "mine").read_text() == "kept"


def test_what_needs_registration_says_how(tmp_path):
    by_hand = [source for source in SOURCES if not source.fetched]
    assert {source.name for source in by_hand} == {"imagenet", "fmow"}
    for source in by_hand:
        with pytest.raises(UserError, match="must be fetched by hand"):
            download(source, tmp_path, progress=_quietly)
