"""Whatever lies in the place of a result or of one of its files is refused in one line, and is made again."""

import json
import os

import pytest

from artifacts import DamagedArtifact, publish, published
from artifacts.directory import MANIFEST
from artifacts.files import write_json

INPUTS = {"config": {"rate": 0.1}}


def build(directory):
    write_json(directory / "data.json", [1, 2])


@pytest.fixture
def path(tmp_path):
    publish(tmp_path / "result", inputs=INPUTS, build=build)
    return tmp_path / "result"


def rewritten(path, **changes):
    content = {**json.loads((path / MANIFEST).read_text()), **changes}
    (path / MANIFEST).write_text(json.dumps(content))


def replaced_by(make):
    def damage(path):
        (path / MANIFEST).unlink()
        make(path / MANIFEST)

    return damage


MANIFESTS = {
    "nested deeply": replaced_by(lambda file: file.write_text("[" * 100_000)),
    "a list": replaced_by(lambda file: file.write_text("[1]")),
    "a number": replaced_by(lambda file: file.write_text("3")),
    "null": replaced_by(lambda file: file.write_text("null")),
    "empty": replaced_by(lambda file: file.write_text("")),
    "not UTF-8": replaced_by(lambda file: file.write_bytes(b"\xff\xfe\x00")),
    "a folder": replaced_by(lambda file: file.mkdir()),
    "a pipe": replaced_by(os.mkfifo),
    "a device": replaced_by(lambda file: file.symlink_to("/dev/zero")),
    "a link to itself": replaced_by(lambda file: file.symlink_to(file)),
    "inputs null": lambda path: rewritten(path, inputs=None),
    "inputs a list": lambda path: rewritten(path, inputs=[["config", 1]]),
    "files null": lambda path: rewritten(path, files=None),
    "files numbers": lambda path: rewritten(path, files={"data.json": 3}),
    "versions a text": lambda path: rewritten(path, versions="1.0"),
    "a file outside": lambda path: rewritten(path, files={"../../etc/passwd": "0"}),
    "an absolute file": lambda path: rewritten(path, files={"/etc/passwd": "0"}),
    "a file without a name": lambda path: rewritten(path, files={"": "0"}),
    "a file with a zero": lambda path: rewritten(path, files={"a\0b": "0"}),
    "a file below a file": lambda path: rewritten(path, files={"data.json/more": "0"}),
}


def data_replaced_by(make):
    def damage(path):
        (path / "data.json").unlink()
        make(path / "data.json")

    return damage


FILES = {
    "file gone": lambda path: (path / "data.json").unlink(),
    "file changed": lambda path: (path / "data.json").write_text("[1, 3]"),
    "file cut off": lambda path: os.truncate(path / "data.json", 3),
    "file a folder": data_replaced_by(lambda file: file.mkdir()),
    "file a pipe": data_replaced_by(os.mkfifo),
    "file a device": data_replaced_by(lambda file: file.symlink_to("/dev/zero")),
    "file a link to nothing": data_replaced_by(lambda file: file.symlink_to("nothing")),
}


@pytest.mark.parametrize("damage", [*MANIFESTS, *FILES])
def test_a_damaged_result_is_named_in_one_line_and_made_again(path, damage):
    {**MANIFESTS, **FILES}[damage](path)
    with pytest.raises(DamagedArtifact) as refused:
        published(path)
    assert str(path) in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert publish(path, inputs=INPUTS, build=build).built
    assert json.loads((path / "data.json").read_text()) == [1, 2]


@pytest.mark.parametrize("config", [None, 3, [], "text"])
def test_inputs_of_another_kind_are_inputs_that_differ(path, config):
    rewritten(path, inputs={"config": config})
    assert "config" in publish(path, inputs=INPUTS, build=build).reason


PLACES = {
    "a file": lambda place, other: place.write_text("mine"),
    "a pipe": lambda place, other: os.mkfifo(place),
    "a link to nothing": lambda place, other: place.symlink_to("nothing"),
    "a link to a folder": lambda place, other: place.symlink_to(other),
    "an empty folder": lambda place, other: place.mkdir(),
}


@pytest.mark.parametrize("what", PLACES)
@pytest.mark.parametrize("name", ["result", ".partial-result-new", ".partial-result-old"])
def test_whatever_stands_in_the_way_is_replaced_and_what_a_link_leads_to_is_kept(tmp_path, what, name):
    other = tmp_path / "other"
    other.mkdir()
    (other / "kept").touch()
    PLACES[what](tmp_path / name, other)
    assert publish(tmp_path / "result", inputs=INPUTS, build=build).built
    assert published(tmp_path / "result").inputs == INPUTS
    assert (other / "kept").exists()
    assert not (tmp_path / "result").is_symlink()
