"""One number a line: every accuracy, NLL, ECE and movement, with what chose it and how sure it is."""

import csv
import io
from collections.abc import Iterator

from empirical.records import Benchmark, BenchmarkRow

TIDY_FILE = "results.csv"
HEADER = (
    "dataset", "condition", "method", "norm_mode", "selected_on", "rule", "learning_rate", "grid_edge", "set", "kind",
    "metric", "value", "ci90", "ci90_normal", "seeds", "per_seed", "runs",
)  # fmt: skip
Cell = str | float | int | None


def tidy_csv(benchmark: Benchmark) -> str:
    """Main rows, those of the other rule, OOD-oracle rows (`selected_on` names an OOD column), and rows of series.

    A row of a series has a `condition`.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADER)
    rows = [("", row) for row in (*benchmark.rows, *benchmark.careful_rows, *benchmark.oracle_rows)]
    rows += [(condition.name, row) for condition in benchmark.conditions if condition.name for row in condition.rows]
    for condition, row in rows:
        first = (
            row.dataset,
            condition,
            row.method,
            row.norm_mode,
            row.selected_on,
            row.rule,
            row.learning_rate,
            row.grid_edge,
        )
        for line in _lines(row):
            writer.writerow([_inert(cell) for cell in (*first, *line, " ".join(row.runs))])
    return stream.getvalue()


def _inert(cell: Cell) -> Cell:
    """Text that a spreadsheet would take for a formula, with an apostrophe before it; numbers stay numbers."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _lines(row: BenchmarkRow) -> Iterator[tuple[Cell, ...]]:
    """Set, kind of set, metric, value, both half widths, number of seeds, every seed."""

    def line(name: str, kind: str, metric: str, value: float, ci90: float | None = None, normal: float | None = None,
             per_seed: list[float] | None = None) -> tuple[Cell, ...]:  # fmt: skip
        return name, kind, metric, value, ci90, normal, len(row.seeds), " ".join(map(repr, per_seed or ()))

    yield line("id_test", "id", "accuracy", row.id_accuracy, row.id_ci90, row.id_ci90_normal, row.id_per_seed)
    yield line("id_test", "id", "nll", row.id_nll)
    yield line("id_test", "id", "ece", row.id_ece)
    yield line(
        "ood", "mean of columns", "accuracy", row.ood_accuracy, row.ood_ci90, row.ood_ci90_normal, row.ood_per_seed
    )
    for name, measured in row.per_column.items():
        yield line(name, "column", "accuracy", measured.mean, measured.ci90, measured.ci90_normal, measured.per_seed)
    for name, ood in row.per_ood_set.items():
        yield line(name, "ood set", "accuracy", ood.accuracy, ood.ci90, ood.ci90_normal, ood.per_seed)
        yield line(name, "ood set", "nll", ood.nll)
        yield line(name, "ood set", "ece", ood.ece)
        if ood.unmasked_accuracy is not None:
            yield line(name, "ood set", "unmasked accuracy", ood.unmasked_accuracy)
    for name, moved in row.movement.items():
        yield line(name, "movement", "mean squared", moved.mean_squared)
        yield line(name, "movement", "euclidean", moved.euclidean)
        yield line(name, "movement", "cosine", moved.cosine)
