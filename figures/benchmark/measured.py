"""The benchmark as figures see it: the paper's three methods, keyed and coloured like those of the simulations.

The paper compares FT with batch statistics (norm mode `train`) against LP and LP-FT with frozen ones (`eval`). The
other two corners of the 2 x 2 have a figure of their own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from artifacts import UserError
from empirical.records import (
    Benchmark,
    BenchmarkRow,
    Curve,
    Estimate,
    Interpolation,
    OODAccuracy,
    Published,
    read_benchmark,
)
from figures.catalogue import BENCHMARK
from figures.look.style import METHODS

#: A method's name in the benchmark's table, and the norm mode in which the paper uses it.
ROWS = {"linear_probing": ("LP", "eval"), "fine_tuning": ("FT", "train"), "lp_ft": ("LP-FT", "eval")}

Row = TypeVar("Row", BenchmarkRow, Curve, Interpolation, Published)


class NothingToDraw(UserError):
    """The benchmark was run, but without what a figure shows; the message says what, and which command measures it."""


@dataclass(frozen=True)
class Measured:
    """An accuracy or an error rate in [0, 1]: mean over seeds, half width of its 90 % interval, single seeds."""

    mean: float
    ci90: float | None
    per_seed: tuple[float, ...]

    @classmethod
    def of(cls, found: OODAccuracy | Estimate) -> "Measured":
        """An OOD set or a column of a row."""
        mean = found.mean if isinstance(found, Estimate) else found.accuracy
        return cls(mean, found.ci90, tuple(found.per_seed))

    @classmethod
    def in_distribution(cls, row: BenchmarkRow) -> "Measured":
        """A row's ID test accuracy."""
        return cls(row.id_accuracy, row.id_ci90, tuple(row.id_per_seed))

    @classmethod
    def out_of_distribution(cls, row: BenchmarkRow) -> "Measured":
        """A row's mean over its OOD columns."""
        return cls(row.ood_accuracy, row.ood_ci90, tuple(row.ood_per_seed))

    @property
    def error(self) -> "Measured":
        """The error rate of an accuracy."""
        return Measured(1 - self.mean, self.ci90, tuple(1 - seed for seed in self.per_seed))


def benchmark(results: Path) -> Benchmark:
    """The benchmark of a results folder.

    Raises:
      UserError: there is none, it cannot be read, or not one method has been finished.
    """
    found = read_benchmark(results / BENCHMARK)
    if not found.rows:
        raise NothingToDraw(f"{results / BENCHMARK} must hold finished methods, but none is; run `distort bench run`.")
    return found


def of_method(rows: Iterable[Row], method: str) -> list[Row]:
    """What belongs to a method, as the paper uses it."""
    return [row for row in rows if (row.method, row.norm_mode) == ROWS[method]]


def paper_rows(found: Benchmark, dataset: str) -> dict[str, BenchmarkRow]:
    """The rows of one data set by method, in the order of every legend; methods that were not run are left out."""
    rows = [row for row in found.rows if row.dataset == dataset]
    return {method: chosen[0] for method in METHODS if (chosen := of_method(rows, method))}


def measured_datasets(found: Benchmark) -> tuple[str, ...]:
    """Data sets with at least one of the paper's methods."""
    return tuple(one.name for one in found.datasets if paper_rows(found, one.name))


def title(found: Benchmark, dataset: str) -> str:
    """A data set's name in a figure; miniatures are called what they are."""
    one = found.dataset(dataset)
    return one.title if not one.miniature or "iniature" in one.title else f"{one.title} (miniature)"


def column_title(found: Benchmark, dataset: str, column: str) -> str:
    """An OOD column's heading; those of miniatures say so."""
    one = found.dataset(dataset)
    heading = one.titles.get(column, column)
    return f"{heading}\n(miniature)" if one.miniature else heading


def column_sets(found: Benchmark, dataset: str) -> tuple[str, ...]:
    """The OOD sets that the columns of a data set average, each once."""
    return tuple(dict.fromkeys(name for names in found.dataset(dataset).columns.values() for name in names))


def controls(found: Benchmark, dataset: str) -> tuple[str, ...]:
    """OOD sets near the ID images, for which the theory promises nothing."""
    return tuple(one.name for one in found.sets if one.dataset == dataset and one.premises == "near ID")


def spoken(name: str) -> str:
    """A set's name as it is written in a figure."""
    return {"near_id": "near ID", "id_test": "ID"}.get(name, name.replace("_", " "))
