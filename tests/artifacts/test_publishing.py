"""Published directories: whole or not at all, checked before they are believed, never made twice without a reason."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from artifacts import DamagedArtifact, UserError, publish, published
from artifacts.directory import MANIFEST, Outdated, only_checked, remove_leftovers
from artifacts.fingerprint import difference
from artifacts.versions import ACCEPT

ROOT = Path(__file__).resolve().parents[2]
INPUTS = {"learning_rate": 0.1, "seeds": [1, 2], "code": "abc"}
#: A child process starts Python and imports the package; generous, since the machine may be busy.
PATIENCE = 60.0


def build(directory: Path) -> None:
    np.savez(directory / "data.npz", numbers=np.arange(5))
    (directory / "nested").mkdir()
    (directory / "nested" / "note.txt").write_text("made", encoding="utf-8")


def must_not_build(directory: Path) -> None:
    raise AssertionError("built again")


def visible(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir() if not entry.name.endswith(".lock")}


def child(code: str, *arguments: Path | str) -> subprocess.Popen:
    """A second process that publishes."""
    script = "from pathlib import Path\nimport sys, time\nfrom artifacts import publish\n" + textwrap.dedent(code)
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not file.exists():
        assert time.monotonic() < deadline, f"{file} did not appear"
        time.sleep(0.01)


def test_where_results_are_only_checked_nothing_is_made(tmp_path):
    with only_checked():
        with pytest.raises(Outdated, match="not there yet"):
            publish(tmp_path / "run", inputs=INPUTS, build=must_not_build)
        assert visible(tmp_path) == set()
    publish(tmp_path / "run", inputs=INPUTS, build=build)
    with only_checked():
        assert not publish(tmp_path / "run", inputs=INPUTS, build=must_not_build).built
        with pytest.raises(Outdated, match="learning_rate"):
            publish(tmp_path / "run", inputs={**INPUTS, "learning_rate": 0.2}, build=must_not_build)
    assert publish(tmp_path / "run", inputs={**INPUTS, "learning_rate": 0.2}, build=build).built


def test_what_is_published_is_found_whole(tmp_path):
    outcome = publish(tmp_path / "run", inputs=INPUTS, build=build)
    assert outcome.built
    assert outcome.reason == "not there yet"
    artifact = published(tmp_path / "run")
    assert artifact == outcome.artifact
    assert artifact.inputs == INPUTS
    assert set(artifact.files) == {"data.npz", "nested/note.txt"}
    assert visible(tmp_path) == {"run"}


def test_what_is_up_to_date_is_not_made_again(tmp_path):
    publish(tmp_path / "run", inputs=INPUTS, build=build)
    again = publish(tmp_path / "run", inputs=dict(reversed(INPUTS.items())), build=must_not_build)
    assert not again.built
    assert again.reason == "up to date"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"learning_rate": 0.3}, "learning_rate was 0.1, is 0.3"),
        ({"code": "abd", "learning_rate": 0.3}, 'code was "abc", is "abd"; learning_rate was 0.1, is 0.3'),
        ({"data": "new"}, 'data was absent, is "new"'),
        ({"seeds": list(range(100))}, "seeds was [1, 2], is [0, 1, 2, 3"),
    ],
)
def test_other_inputs_give_the_reason(tmp_path, changed, reason):
    publish(tmp_path / "run", inputs=INPUTS, build=build)
    outcome = publish(tmp_path / "run", inputs=INPUTS | changed, build=build)
    assert outcome.built
    assert outcome.reason.startswith(reason)
    assert published(tmp_path / "run").inputs == INPUTS | changed
    assert visible(tmp_path) == {"run"}


def test_a_new_result_holds_nothing_of_the_old_one(tmp_path):
    publish(tmp_path / "run", inputs=INPUTS, build=build)
    publish(tmp_path / "run", inputs={"other": 1}, build=lambda folder: (folder / "only.txt").write_text("x") and None)
    assert visible(tmp_path / "run") == {"only.txt", MANIFEST}


def test_force_builds_what_is_up_to_date(tmp_path):
    publish(tmp_path / "run", inputs=INPUTS, build=build)
    assert publish(tmp_path / "run", inputs=INPUTS, build=build, force=True).reason == "asked for"


DAMAGES = {
    "changed": lambda run: (run / "data.npz").write_bytes(b"x" + (run / "data.npz").read_bytes()[1:]),
    "truncated": lambda run: (run / "data.npz").write_bytes((run / "data.npz").read_bytes()[:-1]),
    "missing": lambda run: (run / "nested" / "note.txt").unlink(),
    "manifest cut": lambda run: (run / MANIFEST).write_text((run / MANIFEST).read_text()[:20]),
    "manifest of another kind": lambda run: (run / MANIFEST).write_text("[1, 2]"),
    "manifest not text": lambda run: (run / MANIFEST).write_bytes(b"\xff\xfe\x00"),
    "manifest without files": lambda run: (run / MANIFEST).write_text(json.dumps({"inputs": {}})),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_named_and_mended(tmp_path, damage):
    run = tmp_path / "run"
    publish(run, inputs=INPUTS, build=build)
    DAMAGES[damage](run)
    with pytest.raises(DamagedArtifact, match="must be made again") as caught:
        published(run)
    assert str(run) in str(caught.value)
    outcome = publish(run, inputs=INPUTS, build=build)
    assert outcome.built
    assert outcome.reason == str(caught.value)
    assert published(run).inputs == INPUTS


def test_nothing_there_is_not_damage(tmp_path):
    with pytest.raises(FileNotFoundError, match="must hold a published result"):
        published(tmp_path / "run")
    (tmp_path / "run").mkdir()
    with pytest.raises(FileNotFoundError):
        published(tmp_path / "run")


def test_a_failing_build_leaves_the_old_result(tmp_path):
    publish(tmp_path / "run", inputs=INPUTS, build=build)

    def fail(directory: Path) -> None:
        (directory / "half.txt").write_text("half", encoding="utf-8")
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        publish(tmp_path / "run", inputs={"other": 1}, build=fail)
    assert published(tmp_path / "run").inputs == INPUTS
    assert visible(tmp_path) == {"run"}


@pytest.mark.parametrize("before", [False, True], ids=["first", "again"])
def test_a_killed_build_leaves_nothing_visible(tmp_path, before):
    run, started = tmp_path / "run", tmp_path / "started"
    if before:
        publish(run, inputs=INPUTS, build=build)
    process = child(
        """
        def build(directory):
            (directory / "half.txt").write_text("half")
            Path(sys.argv[2]).touch()
            time.sleep(600)
        publish(Path(sys.argv[1]), inputs={"other": 1}, build=build)
        """,
        run,
        started,
    )
    try:
        wait_for(started)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert run.exists() == before
    assert any(entry.name.startswith(".partial-run") for entry in tmp_path.iterdir())
    if before:
        assert published(run).inputs == INPUTS
    # The lock of a killed process is free, and its leftovers go.
    outcome = publish(run, inputs={"other": 1}, build=build)
    assert outcome.built
    assert visible(tmp_path) == {"run", "started"}


def test_two_processes_on_one_path_take_turns(tmp_path):
    code = """
        def build(directory):
            with Path(sys.argv[2]).open("a") as log:
                log.write("in\\n"); log.flush(); time.sleep(0.3); log.write("out\\n")
            (directory / "data.txt").write_text("done")
        print(publish(Path(sys.argv[1]), inputs={"seed": 1}, build=build).built)
        """
    processes = [child(code, tmp_path / "run", tmp_path / "log") for _ in range(2)]
    said = sorted(process.communicate(timeout=PATIENCE)[0].strip() for process in processes)
    assert said == ["False", "True"]
    assert (tmp_path / "log").read_text().split() == ["in", "out"]


def test_what_is_being_written_is_no_leftover(tmp_path):
    code = """
        from artifacts.files import write_text
        print("up", flush=True)
        for number in range(400):
            write_text(Path(sys.argv[1]) / "log.txt", str(number))
        """
    writers = [child(code, tmp_path) for _ in range(2)]
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.readline()
    while any(writer.poll() is None for writer in writers):
        remove_leftovers(tmp_path)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert visible(tmp_path) == {"log.txt"}
    left = tmp_path / ".partial-log.txt-abc"
    left.touch()
    remove_leftovers(tmp_path)
    assert not left.exists()


def test_a_folder_that_is_replaced_after_it_was_listed_is_no_obstacle(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    listed, scandir = list(os.scandir(tmp_path)), os.scandir
    (tmp_path / "run").rmdir()
    monkeypatch.setattr(os, "scandir", lambda folder: listed if folder == tmp_path else scandir(folder))
    remove_leftovers(tmp_path)


def test_a_pipe_that_is_named_like_a_leftover_is_not_waited_for(tmp_path):
    pipe = tmp_path / ".partial-log.txt-abc"
    os.mkfifo(pipe)
    remove_leftovers(tmp_path)
    assert visible(tmp_path) == {pipe.name}


def test_a_neighbour_with_a_longer_name_may_be_building(tmp_path):
    def build_both(directory: Path) -> None:
        publish(tmp_path / "run", inputs=INPUTS, build=build)
        build(directory)

    publish(tmp_path / "run-two", inputs=INPUTS, build=build_both)
    assert visible(tmp_path) == {"run", "run-two"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"deep": [1.0, float("nan")]}])
def test_inputs_that_json_cannot_spell_are_refused(tmp_path, value):
    with pytest.raises(ValueError, match="JSON compliant"):
        publish(tmp_path / "run", inputs={"value": value}, build=must_not_build)
    assert not (tmp_path / "run").exists()


def test_inputs_must_be_plain_values(tmp_path):
    with pytest.raises(TypeError):
        publish(tmp_path / "run", inputs={"value": object()}, build=must_not_build)


def test_tuples_and_lists_are_the_same_inputs(tmp_path):
    publish(tmp_path / "run", inputs={"times": (0.0, 1.0)}, build=build)
    assert not publish(tmp_path / "run", inputs={"times": [0.0, 1.0]}, build=must_not_build).built


def test_damage_is_a_users_error():
    assert issubclass(DamagedArtifact, UserError)
    assert issubclass(UserError, ValueError)


VERSIONS = {"Python": "3.11", "numpy": "2.0"}
NEWER = {"Python": "3.11", "numpy": "2.4"}


def test_what_other_versions_made_is_made_again_and_the_reason_names_them(tmp_path):
    publish(tmp_path / "run", inputs=INPUTS, build=build, versions=VERSIONS)
    assert published(tmp_path / "run").versions == VERSIONS
    outcome = publish(tmp_path / "run", inputs=INPUTS, build=build, versions=NEWER)
    assert outcome.built
    assert outcome.reason == "numpy was 2.0, is 2.4 (--accept-versions keeps it)"
    assert published(tmp_path / "run").versions == NEWER


def test_other_versions_can_be_accepted_but_not_without_a_word(tmp_path, monkeypatch):
    publish(tmp_path / "run", inputs=INPUTS, build=build, versions=VERSIONS)
    monkeypatch.setenv(ACCEPT, "1")
    outcome = publish(tmp_path / "run", inputs=INPUTS, build=must_not_build, versions=NEWER)
    assert not outcome.built
    assert outcome.other_versions == "numpy was 2.0, is 2.4"
    assert outcome.reason == "kept, made with other versions: numpy was 2.0, is 2.4"
    assert publish(tmp_path / "run", inputs={**INPUTS, "code": "new"}, build=build, versions=NEWER).built


def test_of_hashes_it_is_said_which_changed():
    before, after = ({"data": {"first": "0" * 64, "second": digit * 64}} for digit in "12")
    assert difference(before, after) == "data of second differs"
