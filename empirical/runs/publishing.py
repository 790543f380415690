"""How every kind of work publishes: inputs that decide whether a run is up to date, and `config.json` beside it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from artifacts import Outcome, UserError, canonical_json, publish, published
from artifacts.directory import MANIFEST
from artifacts.files import write_json
from artifacts.fingerprint import difference
from artifacts.reading import read_json
from empirical.benchmark.run import Run
from empirical.counted_code import run_code, run_versions

CONFIG_FILE = "config.json"
#: Of a run that pretrains.
WEIGHTS_FILE = "backbone.safetensors"


def publish_run(run: Run, *, inputs: Mapping[str, Any], build: Callable[[Path], None], force: bool) -> Outcome:
    """Publish a run's directory.

    Args:
      inputs: hashes of data and weights, and of whatever else the run is made from.
      build: writes metrics, result and arrays into the directory that it is given.
    Raises:
      UserError: the directory holds something else: a run of another configuration, or what no run left behind.
    """
    config = run.configuration
    _refuse_foreign(run.folder, config)

    def write(directory: Path) -> None:
        write_json(directory / CONFIG_FILE, config)
        build(directory)

    return publish(
        run.folder,
        inputs={"config": config, **inputs, "code": run_code(run.unit.kind, run.recipe)},
        build=write,
        force=force,
        versions=run_versions(run.unit.kind, run.recipe),
    )


def of_trained_run(run: Run) -> dict[str, Any]:
    """The fields of `OfTrainedRun` for what is made of the run `run.trained`."""
    return {
        "run": run.id,
        "end": run.trained.id,
        "dataset": run.recipe.name,
        "method": run.method.name,
        "norm_mode": run.method.norm_mode,
        "learning_rate": run.unit.learning_rate or 0.0,
        "seed": run.seed,
    }


def _refuse_foreign(path: Path, config: dict[str, Any]) -> None:
    """A directory is named by its configuration, so another one in it was put there by hand: not ours to replace."""
    manifest = path / MANIFEST
    if not manifest.exists():
        if path.exists() and any(path.iterdir()):
            raise UserError(
                f"{path} must be a run or absent, but holds {_first(path)} and no {MANIFEST}; move it away."
            )
        return
    try:
        there = dict(read_json(manifest)["inputs"]["config"])
    except (OSError, ValueError, KeyError, TypeError):
        return  # damaged: made again, and the reason says so
    wanted = json.loads(canonical_json(config))  # with lists, as the file has them
    if there != wanted:
        what = difference(there, wanted) or "its configuration differs"
        raise UserError(f"{path} must hold the run that it is named after, but {what}; move it away.")


def _first(path: Path) -> str:
    return sorted(entry.name for entry in path.iterdir())[0]


def file_of(run: Run, name: str) -> tuple[Path, str]:
    """A file of a finished run and its SHA-256.

    Raises:
      UserError: it has not been run, was damaged, or diverged and left no such file.
    """
    try:
        artifact = published(run.folder)
    except FileNotFoundError as error:
        raise UserError(f"{run} must be finished first, but {run.folder} holds no run.") from error
    if name not in artifact.files:
        raise UserError(f"{run} must have left {name}, but it diverged; leave out what starts from it.")
    return run.folder / name, artifact.files[name]
