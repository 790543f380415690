"""The benchmark as figures see it: the paper's three methods, keyed and coloured like those of the simulations.

The paper compares FT with batch statistics (norm mode `train`) against LP and LP-FT with frozen ones (`eval`). The
other two corners of the 2 x 2 stay in the table of the report.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from empirical.records import Benchmark, BenchmarkRow, Curve, read_benchmark
from figures.catalogue import BENCHMARK
from figures.style import METHODS

#: A method's name in the benchmark's table, and the norm mode in which the paper uses it.
ROWS = {"linear_probing": ("LP", "eval"), "fine_tuning": ("FT", "train"), "lp_ft": ("LP-FT", "eval")}

Row = TypeVar("Row", BenchmarkRow, Curve)


def benchmark(results: Path) -> Benchmark:
    """The benchmark of a results folder."""
    return read_benchmark(results / BENCHMARK)


def of_method(rows: Iterable[Row], method: str) -> list[Row]:
    """A method's rows or curves, as the paper uses it."""
    return [row for row in rows if (row.method, row.norm_mode) == ROWS[method]]


def paper_rows(found: Benchmark) -> dict[str, BenchmarkRow]:
    """One row a method, in the order of every legend."""
    return {method: of_method(found.rows, method)[0] for method in METHODS}


def spoken(name: str) -> str:
    """A set's name as it is written in a figure."""
    return {"near_id": "near ID", "id_test": "ID"}.get(name, name.replace("textured_inverted", "textured,\ninverted"))
