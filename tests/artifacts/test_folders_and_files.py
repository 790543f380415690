"""Results folders that are ours, files that are never half written, and names for configurations and code."""

import json
import os
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from artifacts import UserError, canonical_json, code_version, environment, fingerprint, open_results_folder
from artifacts.errors import obstacle
from artifacts.files import write_json, write_text
from artifacts.results_folder import MARKER

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def test_a_new_or_empty_folder_becomes_ours_and_stays_so(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder in (tmp_path / "deep" / "results", empty):
        assert open_results_folder(folder) == folder
        assert (folder / MARKER).is_file()
        (folder / "anything").touch()
        assert open_results_folder(folder) == folder


def test_a_foreign_folder_is_refused_and_untouched(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match=r"must be new, empty or .*1 other entries \(thesis.tex\)"):
        open_results_folder(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_is_no_folder(tmp_path):
    file = tmp_path / "results"
    file.write_text("a file")
    with pytest.raises(UserError, match="must be a directory, got the file"):
        open_results_folder(file)
    with pytest.raises(UserError, match="must be writable"):
        open_results_folder(file / "below")
    assert file.read_text() == "a file"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions bind only an ordinary POSIX user")
def test_an_unwritable_folder_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(UserError, match="must be writable"):
            open_results_folder(tmp_path / "results")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"made_by": "distort"}', '{"layout": "1"}', "\0" * 30])
def test_a_damaged_mark_is_written_again(tmp_path, damage):
    folder = open_results_folder(tmp_path / "results")
    whole = (folder / MARKER).read_bytes()
    (folder / MARKER).write_text(damage)
    open_results_folder(folder)
    assert (folder / MARKER).read_bytes() == whole


def test_a_mark_that_is_lost_newer_or_a_folder_is_named(tmp_path):
    folder = open_results_folder(tmp_path / "results")
    (folder / "theory").mkdir()
    write_json(folder / MARKER, {"made_by": "distort", "layout": 2})
    with pytest.raises(UserError, match=rf"layout up to 1, got 2 in {MARKER}"):
        open_results_folder(folder)
    (folder / MARKER).unlink()
    with pytest.raises(UserError, match=rf"1 other entries \(theory\) and no {MARKER}"):
        open_results_folder(folder)
    (folder / MARKER).mkdir()
    with pytest.raises(UserError, match=rf"{MARKER} must be a file, but is a folder; move it away"):
        open_results_folder(folder)


def lock(path: Path) -> None:
    with FileLock(path):
        pass


@pytest.mark.parametrize("attempt", [lambda path: write_text(path, ""), Path.read_bytes, Path.unlink, lock])
def test_a_folder_where_a_file_must_be_is_named(tmp_path, attempt):
    (tmp_path / "there").mkdir()
    with pytest.raises(IsADirectoryError) as raised:
        attempt(tmp_path / "there")
    expected = f"{tmp_path / 'there'} must be a file, but is a folder; move it away and call again."
    assert obstacle(raised.value) == expected


@pytest.mark.parametrize(
    "attempt",
    [
        lambda path: path.mkdir(parents=True, exist_ok=True),
        lambda path: (path / "below").mkdir(parents=True, exist_ok=True),
        lambda path: list(path.iterdir()),
        lambda path: write_text(path / "below", ""),
    ],
)
def test_a_file_where_a_folder_must_be_is_named(tmp_path, attempt):
    (tmp_path / "there").touch()
    with pytest.raises((NotADirectoryError, FileExistsError)) as raised:
        attempt(tmp_path / "there")
    expected = f"{tmp_path / 'there'} must be a folder, but is a file; move it away and call again."
    assert obstacle(raised.value) == expected


def fill(path: Path) -> None:
    with open("/dev/full", "w") as full:
        full.write("a")


@pytest.mark.parametrize(
    ("attempt", "said"),
    [
        (fill, "A file must be read or written, but No space left on device; make room and call again."),
        (lambda path: (path / ("n" * 300)).touch(), "File name too long; choose a shorter name and call again."),
    ],
)
def test_what_the_system_refuses_is_said_with_what_to_do(tmp_path, attempt, said):
    with pytest.raises(OSError, match="Errno") as raised:
        attempt(tmp_path)
    assert obstacle(raised.value).endswith(said)


def test_other_errors_show_no_obstacle(tmp_path):
    assert obstacle(ValueError("no")) == ""
    assert obstacle(NotADirectoryError("nothing is named")) == ""
    assert obstacle(FileNotFoundError(2, "No such file", "there")) == ""
    assert obstacle(FileExistsError(17, "File exists", str(tmp_path))) == ""


def test_texts_are_replaced_whole(tmp_path):
    file = tmp_path / "note.txt"
    write_text(file, "first")
    write_text(file, "zweite Fassung: ε ≤ φ\n")
    assert file.read_text(encoding="utf-8") == "zweite Fassung: ε ≤ φ\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["note.txt"]


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), object()])
def test_what_json_cannot_spell_leaves_the_old_file(tmp_path, value):
    file = tmp_path / "summary.json"
    write_json(file, {"seconds": 1.5})
    with pytest.raises((ValueError, TypeError)):
        write_json(file, {"seconds": value})
    assert json.loads(file.read_text()) == {"seconds": 1.5}
    assert [entry.name for entry in tmp_path.iterdir()] == ["summary.json"]


def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_text(tmp_path / "note.txt", "half")
    assert list(tmp_path.iterdir()) == []


@given(JSON)
def test_one_spelling_that_reads_back(value):
    text = canonical_json(value)
    assert canonical_json(json.loads(text)) == text
    assert len(fingerprint(value)) == 16
    assert int(fingerprint(value), 16) >= 0


@given(st.dictionaries(st.text(), st.integers(), min_size=2))
def test_the_order_of_entries_does_not_matter(mapping):
    turned = dict(reversed(mapping.items()))
    assert fingerprint(mapping) == fingerprint(turned)
    changed = mapping | {next(iter(mapping)): None}
    assert fingerprint(changed) != fingerprint(mapping)


def test_the_code_version_follows_the_source(tmp_path, monkeypatch):
    package = tmp_path / "a_test_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "part.py").write_text("x = 1\n")
    (package / "notes.md").write_text("not code")
    monkeypatch.syspath_prepend(tmp_path)
    versions = []
    for change in (None, ("part.py", "x = 2\n"), ("notes.md", "still not code"), ("weights.json", "{}")):
        if change:
            (package / change[0]).write_text(change[1])
        code_version.cache_clear()
        versions.append(code_version("a_test_package"))
    assert versions[0] != versions[1] == versions[2] != versions[3]
    assert code_version("a_test_package", "artifacts") == code_version("artifacts", "a_test_package")
    code_version.cache_clear()


def test_moving_code_between_files_is_a_change(tmp_path, monkeypatch):
    package = tmp_path / "another_test_package"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "part.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    code_version.cache_clear()
    before = code_version("another_test_package")
    (package / "part.py").rename(package / "inner" / "part.py")
    code_version.cache_clear()
    assert code_version("another_test_package") != before
    code_version.cache_clear()


def test_code_that_is_not_there_has_no_version():
    with pytest.raises(ValueError, match=r"must name importable modules .* 'no_such_module'"):
        code_version("no_such_module")


def test_the_environment_is_plain_json():
    found = environment()
    assert json.loads(canonical_json(found)) == found
    assert found["versions"]["jax"]
    assert found["devices"]


def test_a_folder_of_a_newer_version_is_refused_and_one_of_an_older_is_continued(tmp_path):
    folder = open_results_folder(tmp_path / "results")
    (marker,) = folder.iterdir()
    marker.write_text('{"made_by": "distort", "layout": 99}')
    with pytest.raises(UserError, match=rf"layout up to 1, got 99 in {MARKER}, which a newer version of distort made"):
        open_results_folder(folder)
    marker.write_text('{"made_by": "distort"}')
    assert open_results_folder(folder) == folder
