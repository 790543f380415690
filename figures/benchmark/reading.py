"""Reads the benchmark for figures: the paper's three methods, keyed and coloured like those of the simulations.

The paper compares FT with batch statistics (norm mode `train`) against LP and LP-FT with frozen ones (`eval`). The
other two corners of the 2 x 2 have a figure of their own.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from empirical.records import (
    PAPER_METHODS,
    Benchmark,
    BenchmarkRow,
    Curve,
    Interpolation,
    PublishedAccuracy,
    SetDescription,
    read_benchmark,
)
from figures.catalogue import BENCHMARK, source_folder
from figures.missing import NothingToDraw
from simulations.method_names import LABELS, METHODS

#: A method's name in the benchmark's table, and the norm mode in which the paper uses it.
ROWS = {method: (LABELS[method], PAPER_METHODS[LABELS[method]]) for method in METHODS}

Row = TypeVar("Row", BenchmarkRow, Curve, Interpolation, PublishedAccuracy)


def load_benchmark(results: Path | str) -> Benchmark:
    """The benchmark of a results folder.

    Raises:
      UserError: there is none, it cannot be read, or not one method has been finished.
    """
    benchmark = read_benchmark(source_folder(results, BENCHMARK))
    if not benchmark.rows:
        raise NothingToDraw("The benchmark must have finished methods, but has none; `distort bench run` goes on.")
    return benchmark


def of_method(rows: Iterable[Row], method: str) -> list[Row]:
    """What belongs to a method, as the paper uses it."""
    return [row for row in rows if (row.method, row.norm_mode) == ROWS[method]]


def paper_rows(benchmark: Benchmark, dataset: str) -> dict[str, BenchmarkRow]:
    """The rows of one data set by method, in the order of every legend; methods that were not run are left out."""
    rows = [row for row in benchmark.rows if row.dataset == dataset]
    return {method: chosen[0] for method in METHODS if (chosen := of_method(rows, method))}


def measured_datasets(benchmark: Benchmark) -> tuple[str, ...]:
    """Data sets with at least one of the paper's methods."""
    return tuple(record.name for record in benchmark.datasets if paper_rows(benchmark, record.name))


def title(benchmark: Benchmark, dataset: str) -> str:
    """A data set's name in a figure; miniatures are called what they are."""
    record = benchmark.dataset(dataset)
    return record.title if not record.miniature or "iniature" in record.title else f"{record.title} (miniature)"


def column_title(benchmark: Benchmark, dataset: str, column: str) -> str:
    """An OOD column's heading; those of miniatures say so."""
    record = benchmark.dataset(dataset)
    heading = record.titles.get(column, column)
    return f"{heading}\n(miniature)" if record.miniature else heading


def column_sets(benchmark: Benchmark, dataset: str) -> tuple[str, ...]:
    """The OOD sets that the columns of a data set average, each once."""
    return tuple(dict.fromkeys(name for names in benchmark.dataset(dataset).columns.values() for name in names))


def controls(benchmark: Benchmark, dataset: str) -> tuple[str, ...]:
    """OOD sets near the ID images, for which the theory promises nothing."""
    return tuple(
        ood_set.name for ood_set in benchmark.sets if ood_set.dataset == dataset and ood_set.premises == "near ID"
    )


def premises_met(benchmark: Benchmark, dataset: str) -> bool:
    """Whether all OOD sets that the columns of a data set average are known to meet the theory's premises.

    From how the sets were made and from what was measured of their features before any method ran.
    """
    averaged = column_sets(benchmark, dataset)
    described = [
        description for description in benchmark.sets if description.dataset == dataset and description.name in averaged
    ]
    return (
        bool(averaged)
        and len(described) == len(averaged)
        and all(set_meets_premises(description) for description in described)
    )


def set_meets_premises(described: SetDescription) -> bool:
    """A large shift, in a look that pretraining has seen."""
    return described.premises == "met" and described.shift == "large"


def spoken(name: str) -> str:
    """A set's name as it is written in a figure."""
    return {"near_id": "near ID", "id_test": "ID"}.get(name, name.replace("_", " "))
