"""Arrays and images that were made to hurt: each is refused with one short line, soon, and with little memory.

The corpus holds what fuzzing and readers of the code found (`benchmarks/fuzz.py` looks for more); docs/security.md
states the bounds.
"""

import io
import os
import struct
import threading

import numpy as np
import pytest
from PIL import Image

from artifacts import UserError
from artifacts.arrays import read_array
from empirical.backbones.weights_file import stored_tensors
from empirical.datasets import pixels
from empirical.datasets.pixels import decode, read_image
from empirical.formats.pickled_arrays import read_arrays
from tests.support.hostile_pictures import HEADERS, bomb
from tests.support.refusal import refused

pytestmark = pytest.mark.timeout(20)


@pytest.mark.parametrize("case", HEADERS)
def test_a_hostile_array(case, tmp_path):
    header = HEADERS[case].encode()
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x02\x00" + struct.pack("<I", len(header)) + header + bytes(64))
    assert "a.npy" in refused(lambda: read_array(tmp_path / "a.npy", "fetch it again"))


def test_a_whole_array_is_read(tmp_path):
    for array in (np.arange(12).reshape(3, 4), np.asfortranarray(np.ones((2, 3), np.float32))):
        np.save(tmp_path / "a.npy", array)
        np.testing.assert_array_equal(read_array(tmp_path / "a.npy", "again"), array)


def test_no_format_is_opened_that_starts_a_program(tmp_path, monkeypatch):
    def start(*arguments, **options):
        raise AssertionError("a program was started")

    monkeypatch.setattr("subprocess.Popen", start)
    page = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n"
    (tmp_path / "a.jpg").write_bytes(page)
    with pytest.raises(UserError, match="something else"):
        read_image(tmp_path / "a.jpg")


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
