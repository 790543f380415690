"""Interrupted anywhere and continued, a run gives the same numbers bit for bit; nothing on disk is half written."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import equinox as eqx
import numpy as np
import pytest
from filelock import FileLock

from artifacts import UserError
from empirical.training import Checkpoints, TrainingOutcome, train
from empirical.training.checkpoints import LOCK
from tests.support.killed_training import RUN, STEPS, data, report, run

from tests.support.tiny_network import START  # isort: skip

ROOT = Path(__file__).resolve().parents[3]
TOTAL = STEPS * RUN.epochs


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, TrainingOutcome]:
    return {kind: run(kind, None) for kind in ("resident", "streamed")}


def assert_same(found: TrainingOutcome, expected: TrainingOutcome) -> None:
    assert found.records == expected.records
    assert found.kept_epoch == expected.kept_epoch
    assert eqx.tree_equal(found.classifier, expected.classifier)
    assert eqx.tree_equal(found.kept, expected.kept)


@pytest.mark.parametrize("kind", ["resident", "streamed"])
def test_cut_off_after_any_step_the_numbers_are_the_same(kind, undisturbed, tmp_path):
    for steps in range(1, TOTAL):
        run(kind, tmp_path / str(steps), max_steps=steps)
        continued = run(kind, tmp_path / str(steps))
        assert continued.resumed_at == divmod(steps, STEPS)
        assert_same(continued, undisturbed[kind])


def positions(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.glob("[0-9]*-[0-9]*")) if folder.is_dir() else []


def test_killed_without_warning_again_and_again_the_numbers_are_the_same(undisturbed, tmp_path):
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}"}
    for target in ("00000-00000002", "00001-00000002"):
        child = subprocess.Popen(
            [sys.executable, str(ROOT / "tests" / "support" / "killed_training.py"), "resident", str(tmp_path)],
            cwd=ROOT,
            env=environment,
        )
        end = time.monotonic() + 120
        while not any(name >= target for name in positions(tmp_path)) and child.poll() is None:
            assert time.monotonic() < end
            time.sleep(0.002)
        child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL  # it was in its middle
        assert positions(tmp_path)
    continued = run("resident", tmp_path)
    assert continued.resumed_at is not None
    assert continued.resumed_at >= (1, 2)
    assert_same(continued, undisturbed["resident"])


def test_a_finished_run_is_read_back_and_not_done_again(undisturbed, tmp_path):
    run("resident", tmp_path)
    again = run("resident", tmp_path)
    assert again.resumed_at == (RUN.epochs, 0)
    assert again.images_per_second is None
    assert_same(again, undisturbed["resident"])


@pytest.mark.parametrize("damage", ["cut short", "changed", "missing"])
def test_a_damaged_checkpoint_is_passed_over(damage, undisturbed, tmp_path):
    run("resident", tmp_path, max_steps=6)
    state = tmp_path / positions(tmp_path)[-1] / "state.safetensors"
    content = bytearray(state.read_bytes())
    if damage == "missing":
        state.unlink()
    elif damage == "cut short":
        state.write_bytes(content[:-7])
    else:
        content[-1] ^= 1
        state.write_bytes(content)
    continued = run("resident", tmp_path)
    assert continued.resumed_at is None
    assert_same(continued, undisturbed["resident"])


def test_one_checkpoint_is_kept_and_nothing_half_written(tmp_path):
    (tmp_path / ".partial-00000-00000001-12345").mkdir()  # of a process that was killed
    run("resident", tmp_path, max_steps=6)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [LOCK, "00002-00000000"]


def test_checkpoints_of_another_run_are_refused_and_left_alone(tmp_path):
    run("resident", tmp_path, max_steps=2)
    before = positions(tmp_path)
    other = RUN.model_copy(update={"seed": 7})
    with pytest.raises(UserError, match="seed"):
        train(START, data("resident"), other, report, checkpoints=Checkpoints(tmp_path, {"data": "resident"}))
    with pytest.raises(UserError, match="data"):
        train(START, data("resident"), RUN, report, checkpoints=Checkpoints(tmp_path, {"data": "other"}))
    assert positions(tmp_path) == before


def test_two_processes_do_not_share_a_folder(tmp_path):
    with FileLock(tmp_path / LOCK), pytest.raises(UserError, match="One process"):
        run("resident", tmp_path)


def test_the_clock_saves_too_and_cleared_folders_begin_anew(tmp_path):
    checkpoints = Checkpoints(tmp_path / "here", every_seconds=0.0)
    train(START, data("resident"), RUN, report, checkpoints=checkpoints, max_steps=2)
    assert positions(tmp_path / "here") == ["00000-00000002"]
    checkpoints.clear()
    assert not (tmp_path / "here").exists()


def test_only_what_moved_is_written(tmp_path):
    from safetensors.numpy import load_file

    run("resident", tmp_path, max_steps=1)
    arrays = load_file(tmp_path / positions(tmp_path)[-1] / "state.safetensors")
    # Nothing but the head trains in the first epoch; running statistics follow the batches.
    moved = {name for name in arrays if name.startswith("state.variables")}
    assert moved
    assert all(".head." in name or name.endswith((".mean", ".variance")) for name in moved)
    assert all(np.isfinite(array).all() for array in arrays.values())
