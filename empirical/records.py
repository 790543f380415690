"""What the benchmark measured, as data, and how to read it back. Light to import: no JAX, no training code.

Accuracies are in [0, 1]. An interval is given by its half width: `ci90` is Student's t (the one to show; with three
seeds 2.92 standard errors), `ci90_normal` the paper's formula (1.645 standard errors), which is too narrow for three.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from artifacts import UserError
from artifacts.files import write_text

BENCHMARK_FILE = "benchmark.json"


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


RecordType = TypeVar("RecordType", bound=Record)


class Movement(Record):
    """Feature distance before and after training; `mean_squared` is the paper's measure."""

    mean_squared: float
    euclidean: float
    cosine: float


class EpochRecord(Record):
    """One line of a run's metrics: epoch 0 is before training. `movement` is the mean squared feature movement."""

    epoch: int
    learning_rate: float
    training_loss: float | None
    accuracy: dict[str, float]
    movement: dict[str, float]


class RunResult(Record):
    """How a run ended. The selected epoch is the first of highest ID validation accuracy, epoch 0 excluded."""

    method: str
    norm_mode: Literal["train", "eval"]
    learning_rate: float
    seed: int
    status: Literal["finished", "diverged"]
    reason: str | None
    selected_epoch: int | None
    accuracy: dict[str, float]
    movement: dict[str, Movement]


class ProbeResult(Record):
    """A linear probe: the penalty chosen on ID validation, whether it lies at the end of the path, and accuracies."""

    seed: int
    penalty: float
    edge: Literal["low", "high"] | None
    accuracy: dict[str, float]


class OODAccuracy(Record):
    accuracy: float
    ci90: float | None
    ci90_normal: float | None
    per_seed: list[float]
    premises: Literal["met", "near ID"]


class BenchmarkRow(Record):
    """One method on one dataset. `ood_accuracy` is the mean over the OOD sets that meet the theory's premises.

    Everything is at the learning rate and, seed by seed, the epoch that ID validation selected. `grid_edge` says
    that the learning rate (for LP, the penalty of some seed) lies at an end of its grid. Movements are the paper's mean
    squared difference; `ood_feature_movement` averages the sets that meet the premises.
    """

    dataset: str
    method: str
    norm_mode: Literal["train", "eval"]
    seeds: list[int]
    learning_rate: float | None
    grid_edge: Literal["low", "high"] | None
    selected_epochs: list[int]
    diverged_learning_rates: list[float]
    id_validation_accuracy: float
    id_accuracy: float
    id_ci90: float | None
    id_ci90_normal: float | None
    id_per_seed: list[float]
    ood_accuracy: float
    ood_ci90: float | None
    ood_ci90_normal: float | None
    ood_per_seed: list[float]
    per_ood_set: dict[str, OODAccuracy]
    id_feature_movement: float
    ood_feature_movement: float
    movement: dict[str, Movement]


class Curve(Record):
    """One seed's path along training at the selected learning rate."""

    method: str
    norm_mode: Literal["train", "eval"]
    learning_rate: float
    seed: int
    epochs: list[EpochRecord]


class SetDescription(Record):
    """An OOD set: what it is, whether the premises hold by construction, and how far it lies from ID, measured.

    `own_head_accuracy`: a probe trained on training images in this style; `shared_head_accuracy`: one probe trained
    on ID and all OOD styles together, the head whose existence the theory assumes. Both look at OOD training data
    and serve only to say how good the pretrained features are.
    """

    name: str
    premises: Literal["met", "near ID"]
    reason: str
    pixel_energy_outside: float
    feature_energy_outside: float
    largest_angle: float
    mean_angle: float
    paired_distance: float
    own_head_accuracy: float
    shared_head_accuracy: float


class Benchmark(Record):
    """Everything that figures and tables need."""

    rows: list[BenchmarkRow]
    curves: list[Curve]
    sets: list[SetDescription]
    id_shared_head_accuracy: float
    backbone: dict[str, Any]
    recipe: dict[str, Any]


def read_benchmark(folder: Path) -> Benchmark:
    """The benchmark that `empirical.embedded` wrote into a folder.

    Raises:
      UserError: there is none, or it cannot be read.
    """
    return read_record(folder / BENCHMARK_FILE, Benchmark)


def read_record(path: Path, kind: type[RecordType]) -> RecordType:
    """A JSON document as a record, checked field by field."""
    try:
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{path} must exist, but there is none; `distort reproduce` makes it.") from error
    except (ValidationError, UnicodeDecodeError) as error:
        raise UserError(f"{path} must hold a {kind.__name__} ({str(error).splitlines()[0]}).") from error


def read_epochs(path: Path) -> list[EpochRecord]:
    """A run's metrics, one epoch a line."""
    return [EpochRecord.model_validate_json(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_record(path: Path, record: Record) -> None:
    """A record as an indented JSON document; NaN is refused."""
    document = json.dumps(record.model_dump(mode="json"), indent=1, allow_nan=False, ensure_ascii=False)
    write_text(path, document + "\n")


def write_lines(path: Path, records: Iterable[Record]) -> None:
    """Records as JSON lines."""
    lines = (json.dumps(record.model_dump(mode="json"), allow_nan=False) for record in records)
    write_text(path, "".join(line + "\n" for line in lines))
