"""A run in its middle, on disk: written whole, checked when read, continued bit for bit on the same kind of device.

Each checkpoint is a published directory named by epoch and step; the one before is removed when the next is on disk.
It holds what training changes (parameters that move, running statistics, optimiser memory), the state that the caller
asked to keep, the losses of the epoch so far and the records of the epochs before.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from filelock import FileLock, Timeout
from safetensors import SafetensorError
from safetensors.numpy import load_file

from artifacts import DamagedArtifact, UserError, publish, published
from artifacts.files import write_json
from artifacts.fingerprint import canonical_json, difference
from artifacts.reading import read_json
from empirical.backbones.checkpoints import write_tensors
from empirical.records import EpochRecord
from empirical.training.run import TrainingRun
from empirical.training.step import State
from empirical.training.variables import Variables

ARRAYS, POSITION, LOCK = "state.safetensors", "position.json", ".lock"


@dataclass(frozen=True)
class Checkpoints:
    """Where and how often a run is saved, beside every end of an epoch.

    Attributes:
      inputs: JSON values that name what the run is made from, beyond its configuration: weights, data.
      every_steps: also after this many steps of an epoch; None: by the clock alone.
    """

    folder: Path
    inputs: Mapping[str, Any] = field(default_factory=dict)
    every_seconds: float = 600.0
    every_steps: int | None = None

    def identity(self, run: TrainingRun) -> dict[str, Any]:
        """What a checkpoint must have been made from to be continued."""
        return json.loads(canonical_json({**run.model_dump(mode="json"), **self.inputs}))

    @contextmanager
    def held(self) -> Iterator[None]:
        """No other process trains here meanwhile."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.folder / LOCK, timeout=0):
                yield
        except Timeout as error:
            raise UserError(f"One process at a time may train in {self.folder}, but another one does.") from error

    def clear(self) -> None:
        """Remove every checkpoint; a finished run needs none."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Position(NamedTuple):
    """A run between two steps.

    Attributes:
      epoch, step: the next to be done.
      losses: of the steps done in this epoch.
      records: epoch by epoch, the state before training first.
      kept: the variables that the caller last asked to keep, with their epoch.
    """

    state: State
    epoch: int
    step: int
    losses: tuple[float, ...]
    records: tuple[EpochRecord, ...]
    kept: Variables | None
    kept_epoch: int | None


def save(checkpoints: Checkpoints, run: TrainingRun, position: Position, start: Variables) -> None:
    """Put the run on disk; arrays that are those of `start` are left out.

    Args:
      start: the variables before training, by which a reader fills in what is left out.
    """
    name = f"{position.epoch:05d}-{position.step:08d}"

    def build(directory: Path) -> None:
        arrays = _named("state", position.state, like=State(start, position.state.optimiser))
        if position.kept is not None:
            arrays |= _named("kept", position.kept, like=start)
        write_tensors(directory / ARRAYS, arrays)
        saved = {key: getattr(position, key) for key in ("epoch", "step", "losses", "kept_epoch")}
        records = [record.model_dump(mode="json") for record in position.records]
        write_json(directory / POSITION, {**saved, "records": records})

    publish(checkpoints.folder / name, inputs=checkpoints.identity(run), build=build)
    for entry in checkpoints.folder.iterdir():
        if entry.name == LOCK or entry.name == name:
            continue
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def latest(checkpoints: Checkpoints, run: TrainingRun, fresh: Position) -> Position:
    """Where the run was when it was last saved; `fresh`, its beginning, where nothing usable is on disk.

    A damaged checkpoint is passed over.

    Args:
      fresh: the run's first position, whose structure the checkpoint must have.
    Raises:
      UserError: the folder belongs to another run.
    """
    entries = [entry for entry in checkpoints.folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
    for entry in sorted(entries, reverse=True):
        try:
            artifact = published(entry)
        except (DamagedArtifact, FileNotFoundError):
            continue
        if artifact.inputs != checkpoints.identity(run):
            what = difference(artifact.inputs, checkpoints.identity(run))
            raise UserError(
                f"{checkpoints.folder} must hold checkpoints of this run, but {what}; name another folder, or remove "
                "it to begin anew."
            )
        try:
            return _restored(load_file(entry / ARRAYS), read_json(entry / POSITION), fresh)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError):
            continue  # whole, but no position of this version
    return fresh


def _restored(arrays: Mapping[str, np.ndarray], saved: dict[str, Any], fresh: Position) -> Position:
    kept = saved["kept_epoch"]
    return Position(
        state=_filled("state", fresh.state, arrays),
        epoch=saved["epoch"],
        step=saved["step"],
        losses=tuple(saved["losses"]),
        records=tuple(map(EpochRecord.model_validate, saved["records"])),
        kept=None if kept is None else _filled("kept", fresh.state.variables, arrays),
        kept_epoch=kept,
    )


def _named(prefix: str, tree: Any, *, like: Any) -> dict[str, np.ndarray]:
    """Arrays by name, without those that are equal, bit for bit, to their counterpart in `like` (but not the same)."""
    arrays = {}
    before = jax.tree.leaves(like)
    for index, (path, leaf) in enumerate(jax.tree_util.tree_leaves_with_path(tree)):
        array = np.asarray(leaf)
        if before[index] is leaf or array.tobytes() != np.asarray(before[index]).tobytes():
            arrays[prefix + jax.tree_util.keystr(path)] = array
    return arrays


def _filled(prefix: str, tree: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """The tree with the arrays that were saved; the others stay as they are."""

    def one(path: Any, leaf: Any) -> Any:
        saved = arrays.get(prefix + jax.tree_util.keystr(path))
        if saved is None:
            return jnp.copy(leaf)  # training consumes the state, not what was kept
        if saved.size != leaf.size or saved.dtype != leaf.dtype:
            raise DamagedArtifact(
                f"{jax.tree_util.keystr(path)} must be {leaf.dtype}{list(leaf.shape)} in a checkpoint."
            )
        return jnp.asarray(saved.reshape(leaf.shape))  # a scalar comes back with one axis

    return jax.tree_util.tree_map_with_path(one, tree)
