"""Archives that were made to hurt: each is refused with one short line, soon, and with little memory.

The corpus holds what fuzzing and readers of the code found (`benchmarks/fuzz.py` looks for more); docs/security.md
states the bounds.
"""

import struct

import pytest

from empirical.backbones.weights_file import stored_tensors
from empirical.formats.archives import BadArchive, unpack
from tests.support.hostile_archives import ARCHIVES, bad_zip
from tests.support.hostile_pickles import state, zipped
from tests.support.refusal import everything, refused

pytestmark = pytest.mark.timeout(20)


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
