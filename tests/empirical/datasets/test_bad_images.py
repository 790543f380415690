"""What is no plain 8-bit picture: converted as the official loaders do, or refused by name."""

import io
import struct
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from artifacts import UserError
from empirical.datasets.pixels import decode, read_image

GENERATOR = np.random.default_rng(0)
PIXELS = GENERATOR.integers(0, 256, (20, 30, 3), dtype=np.uint8)


def _encoded(image: Image.Image, kind: str, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK"])
def test_ordinary_modes_become_rgb(mode):
    image = Image.fromarray(PIXELS).convert(mode)
    data = _encoded(image, "TIFF" if mode in ("CMYK", "LA") else "PNG")
    np.testing.assert_array_equal(decode(data, "x"), np.asarray(image.convert("RGB")))


def test_grey_and_cmyk_jpegs_become_rgb():
    for mode in ("L", "CMYK"):
        data = _encoded(Image.fromarray(PIXELS).convert(mode), "JPEG")
        assert decode(data, "x").shape == (20, 30, 3)


def test_sixteen_bits_are_refused():
    data = _encoded(Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257), "PNG")
    with pytest.raises(UserError, match=r"deep.png must have 8 bits a channel"):
        decode(data, "deep.png")


def test_an_animation_is_refused():
    frames = [Image.fromarray(PIXELS), Image.fromarray(255 - PIXELS)]
    data = _encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    with pytest.raises(UserError, match="one picture, got an animation"):
        decode(data, "film.gif")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP"])
def test_a_truncated_image_is_refused(kind):
    data = _encoded(Image.fromarray(PIXELS), kind)
    with pytest.raises(UserError, match=r"half.jpg must be .*; fetch it again"):
        decode(data[: len(data) // 2], "half.jpg")


def test_files_that_hold_no_image_are_named(tmp_path):
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("<html>404 not found</html>")
    (tmp_path / "folder.jpg").mkdir()
    for name, words in (
        ("empty", "0 bytes"),
        ("text", "something else"),
        ("folder", "directory"),
        ("absent", "No such"),
    ):
        with pytest.raises(UserError, match=rf"{name}.jpg must be .*{words}"):
            read_image(tmp_path / f"{name}.jpg")


def test_what_pillow_logs_beside_its_exception_is_not_shown(tmp_path):
    """One line says what is wrong with an image; a TIFF that claims 131 samples a pixel made it two."""
    data = _encoded(Image.fromarray(PIXELS), "TIFF")
    entry = data.index(struct.pack("<HHI", 277, 3, 1))
    (tmp_path / "a.tif").write_bytes(data[: entry + 8] + struct.pack("<H", 131) + data[entry + 10 :])
    program = "import sys; from pathlib import Path; from empirical.datasets.pixels import *\n"
    program += "try: read_image(Path(sys.argv[1]))\nexcept UserError as error: print(error)"
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "a.tif"], capture_output=True, text=True, check=True
    )
    assert "a.tif" in done.stdout
    assert done.stderr == ""
