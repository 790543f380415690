"""The collected benchmark: one document that every figure and table reads."""

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from artifacts import UserError
from artifacts.files import digest_of, write_text
from artifacts.reading import read_text, why_unreadable
from empirical.records.conditions import ConditionRecord, SetDescription, TheoryQuantities
from empirical.records.record import Record, read_record, write_record
from empirical.records.rows import BenchmarkRow, Curve, PairedDifference
from empirical.records.runs import Interpolation, NormMode, Refitting

#: Suites that come with the project; others are the user's own.
SUITES = ("embedded", "miniature", "paper")
BENCHMARK_FILE = "benchmark.json"
#: SHA-256 of the document as it was written, in a file beside it.
SEAL_FILE = "benchmark.json.sha256"


class PublishedAccuracy(Record):
    """A number of the paper's Table 1 (`id`) or 2 (`ood`), in [0, 1].

    `ci90` is the paper's half width (normal, three seeds). `confirmed`: read in a primary source; `recollected`: not.
    `column` is a data set of Table 1 or a column of Table 2 (`Dataset.columns`), or `average`.
    """

    table: Literal["id", "ood"]
    column: str
    method: str
    norm_mode: NormMode
    accuracy: float
    ci90: float | None
    status: Literal["confirmed", "recollected"]
    source: str


class DatasetRecord(Record):
    """A data set as it was run.

    Attributes:
      name: of the recipe; rows, curves and descriptions name it.
      family: whose images they are (two recipes may share a family: `imagenet` and `imagenet_augmented`).
      protocol: `paper` (the reported ID set selects too) or `clean` (part of training is held out).
      miniature: a synthetic copy, whose numbers say nothing about the data set.
      columns: the paper's OOD columns that it yields, and the OOD sets each averages; `titles` are their headings.
      sizes: images in each set.
      backbone: provenance of the pretrained weights, as JSON values; `fingerprint` is the SHA-256 of the weights.
      recipe: the complete settings.
      id_shared_head_accuracy: `SetDescription.shared_head_accuracy` on ID test images.
    """

    name: str
    title: str
    family: str
    protocol: str
    miniature: bool
    classes: int
    sizes: dict[str, int]
    columns: dict[str, list[str]]
    titles: dict[str, str]
    backbone: dict[str, Any]
    fingerprint: str
    recipe: dict[str, Any]
    id_shared_head_accuracy: float | None = None


class DatasetAnswer(Record):
    """What the rows of one data set say, in sentences: OOD, ID, and where selection hardly chose."""

    dataset: str
    sentences: list[str]


class SetAside(Record):
    """A unit of work that failed, with its error; the rest went on without it."""

    unit: str
    error: str


class Benchmark(Record):
    """Everything that figures and tables need.

    Attributes:
      answers: what each data set's rows say, in words.
      rows: selection on ID validation. One a data set, method and norm mode, LP first.
      careful_rows: the same, at the lowest learning rate within a standard error of the best; none for LP.
      differences: between methods, seed by seed, under both rules, in the main rows and under conditions.
      oracle_rows: the same selected on an OOD column (`BenchmarkRow.selected_on`); never to be shown among the others.
      curves: every seed at the selected learning rate.
      interpolations: WiSE-FT curves, where they were asked for.
      refittings: heads refitted on tuned features, where they were asked for.
      conditions: pretraining lengths and head starts, where they were asked for.
      missing: units of the plan that have not been run, are damaged, or were refused because newer runs beside them are
        of other data or weights; rows exist only where no unit of theirs is missing.
      notes: where runs of one kind are of different code or different versions of libraries.
    """

    suite: str
    datasets: list[DatasetRecord]
    answers: list[DatasetAnswer] = Field(default_factory=list)
    rows: list[BenchmarkRow]
    careful_rows: list[BenchmarkRow] = Field(default_factory=list)
    differences: list[PairedDifference] = Field(default_factory=list)
    oracle_rows: list[BenchmarkRow] = Field(default_factory=list)
    curves: list[Curve] = Field(default_factory=list)
    sets: list[SetDescription] = Field(default_factory=list)
    interpolations: list[Interpolation] = Field(default_factory=list)
    refittings: list[Refitting] = Field(default_factory=list)
    conditions: list[ConditionRecord] = Field(default_factory=list)
    quantities: list[TheoryQuantities] = Field(default_factory=list)
    published: list[PublishedAccuracy] = Field(default_factory=list)
    missing: list[str] = Field(default_factory=list)
    set_aside: list[SetAside] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)

    def dataset(self, name: str) -> DatasetRecord:
        """The data set that rows name."""
        return next(dataset for dataset in self.datasets if dataset.name == name)


def write_benchmark(folder: Path, benchmark: Benchmark) -> None:
    """Write the document, and beside it its hash, so that an edited one is noticed."""
    seal = folder / SEAL_FILE
    seal.unlink(missing_ok=True)  # that of the document before must not stand beside this one
    write_record(folder / BENCHMARK_FILE, benchmark)
    write_text(seal, digest_of(folder / BENCHMARK_FILE) + "\n")


def read_benchmark(folder: Path) -> Benchmark:
    """The benchmark that was collected in a folder.

    Raises:
      UserError: there is none, it was changed since it was written, or another version wrote it.
    """
    path, seal = folder / BENCHMARK_FILE, folder / SEAL_FILE
    again = f"`distort bench collect --from {folder.parent}` writes it anew."
    try:
        if path.is_file() and seal.is_file() and read_text(seal).strip() != digest_of(path):
            raise UserError(f"{path} differs from what was written; {again}")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{seal} must hold the hash of {path.name} ({why_unreadable(error)}); {again}") from error
    try:
        return read_record(path, Benchmark)
    except UserError as error:
        if not os.path.lexists(path):
            raise
        raise UserError(f"{error} {again}") from error
