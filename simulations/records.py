"""Experiments on disk: `results/simulations/<name>/` with data.npz, config.json, summary.json. Nothing is pickled."""

import dataclasses
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
from pydantic import BaseModel

from artifacts import DamagedArtifact, Outcome, UserError, publish, published
from artifacts.arrays import read_archive
from artifacts.files import write_json
from artifacts.imports import BOOKKEEPING, module_of, reached_code
from artifacts.results_folder import of_setting
from artifacts.runtime import compute_in_one_thread
from artifacts.versions import reached_versions
from simulations.experiment import Experiment, Scale
from simulations.settings import Changes, configured, label
from simulations.sweeps import Watch

SCALARS = (str, float, int, bool)
DATA, CONFIG, SUMMARY = "data.npz", "config.json", "summary.json"
#: Modules that an experiment's code reaches and that cannot change its data, each with the reason.
WITHOUT: Mapping[str, str] = {
    **BOOKKEEPING,
    "simulations.catalogue": "lists all experiments; this one's own code counts",
}


def run_experiment(
    experiment: Experiment,
    results: Path,
    scale: Scale,
    force: bool = False,
    *,
    changes: Changes = MappingProxyType({}),
    progress: Callable[[int, int], None] | None = None,
) -> Outcome:
    """Make sure that the results folder holds this experiment at this scale; computes only what is missing or stale.

    What is finished of an ensemble lies in a hidden folder beside it until all is: a run that was cut off goes on.

    Args:
      changes: fields of the configuration that differ from those of the scale; their results lie in a folder of their
        own (`simulations.settings`).
      force: compute again what is up to date.
      progress: called with problems done and problems in all.
    """
    config = configured(experiment, scale, changes)
    path = folder(experiment.name, of_setting(results, label(experiment, scale, config)))
    unfinished = path.parent / f".{experiment.name}.unfinished"

    def build(directory: Path) -> None:
        start = time.perf_counter()
        compute_in_one_thread()  # before an experiment draws its first problem
        data = experiment.simulate(config, Watch(progress=progress, unfinished=unfinished))
        save(data, directory, config)
        seconds = round(time.perf_counter() - start, 3)
        summary = {"name": experiment.name, "seconds": seconds, "solved_by": list(ways_of_solving(data))}
        write_json(directory / SUMMARY, summary)

    modules = code_modules(experiment)
    inputs = {"config": config.model_dump(mode="json"), "code": reached_code(*modules, without=WITHOUT)}
    versions = reached_versions(*modules, without=WITHOUT)
    outcome = publish(path, inputs=inputs, build=build, force=force, versions=versions)
    shutil.rmtree(unfinished, ignore_errors=True)
    return outcome


def code_modules(experiment: Experiment) -> tuple[str, ...]:
    """The modules whose code, with all that they import, makes an experiment's data and its file."""
    made_by = (experiment.simulate, experiment.config, experiment.data_type)
    return tuple(sorted({"simulations.records", *map(module_of, made_by)}))


def folder(name: str, results: Path | str) -> Path:
    """Where an experiment's results are."""
    return Path(results) / "simulations" / name


def save(data: Any, directory: Path, config: BaseModel) -> None:
    """Write an experiment's data and the configuration that made it.

    Args:
      directory: exists already.
      config: what `data` were computed with, written beside them.
    """
    with (directory / DATA).open("wb") as stream:
        np.savez_compressed(stream, **_flattened(data))
    write_json(directory / CONFIG, config.model_dump(mode="json"))


def load(name: str, results: Path | str) -> Any:
    """An experiment's data, as `simulate` returned them but with NumPy arrays.

    Raises:
      UserError: no such experiment, nothing was published, or its files are damaged or of another version.
    """
    from simulations.catalogue import EXPERIMENTS  # the catalogue's modules need this one

    experiments = {experiment.name: experiment for experiment in EXPERIMENTS}
    if name not in experiments:
        raise UserError(f"An experiment must be one of {', '.join(experiments)}, got {name!r}.")
    return load_as(experiments[name].data_type, folder(name, results))


def load_as(data_type: Any, directory: Path) -> Any:
    """The data of this type (a generic one may name its parameter) in a published directory, every file checked."""
    try:
        published(directory)
    except FileNotFoundError as error:
        raise UserError(f"{error} Run `distort simulate {directory.name}` first.") from error
    again = f"`distort simulate {directory.name} --force` makes it again"
    try:
        return _rebuilt(data_type, read_archive(directory / DATA, again), "", directory)
    except FileNotFoundError as error:
        raise DamagedArtifact(f"{directory / DATA} is missing; {again}.") from error


def ways_of_solving(data: Any) -> tuple[str, ...]:
    """Every `solved_by` text in the data, without repeats."""
    return tuple(sorted({str(value) for name, value in _flattened(data).items() if name.split(".")[-1] == "solved_by"}))


def _flattened(data: Any, prefix: str = "") -> dict[str, Any]:
    """Arrays by dotted name, as a `.npz` file wants them."""
    flat: dict[str, np.ndarray] = {}
    for field in dataclasses.fields(data):
        value, name = getattr(data, field.name), prefix + field.name
        if dataclasses.is_dataclass(value):
            flat |= _flattened(value, f"{name}.")
        else:
            flat[name] = np.asarray(value)
            if flat[name].dtype == object:
                raise TypeError(f"`{name}` must be an array, a number or a text, got {type(value).__name__}.")
    return flat


def _rebuilt(data_type: Any, arrays: dict[str, np.ndarray], prefix: str, directory: Path) -> Any:
    constructor, kinds = _fields(data_type)
    values = {}
    for name, kind in kinds.items():
        if _fields_of(kind):
            values[name] = _rebuilt(kind, arrays, f"{prefix}{name}.", directory)
        elif prefix + name not in arrays:
            raise DamagedArtifact(
                f"{directory / DATA} has no `{prefix}{name}`: another version wrote it; "
                f"`distort simulate {directory.name}` makes it again."
            )
        else:
            array = arrays[prefix + name]
            values[name] = _scalar(kind, array, prefix + name, directory) if kind in SCALARS else array
    return constructor(**values)


def _scalar(kind: Any, array: np.ndarray, name: str, directory: Path) -> Any:
    try:
        return kind(array)
    except (TypeError, ValueError) as error:
        raise DamagedArtifact(
            f"{directory / DATA}: `{name}` must be a {kind.__name__}, got {array.dtype}{list(array.shape)}; "
            f"`distort simulate {directory.name} --force` makes it again."
        ) from error


def _fields_of(kind: Any) -> bool:
    """Whether a field holds further fields; of a generic type like `ByMethod[Risks]` the origin says so."""
    return dataclasses.is_dataclass(get_origin(kind) or kind)


def _fields(data_type: Any) -> tuple[Callable[..., Any], dict[str, Any]]:
    """The class, and the type of each of its fields; the parameter of a generic class is filled in."""
    origin = get_origin(data_type) or data_type
    parameters = dict(zip(getattr(origin, "__parameters__", ()), get_args(data_type), strict=True))
    hints = get_type_hints(origin)
    kinds = {field.name: parameters.get(hints[field.name], hints[field.name]) for field in dataclasses.fields(origin)}
    return origin, kinds
