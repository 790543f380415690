"""The embedded benchmark's numbers in one short document: `python -m benchmarks.embedded --results DIR --out FILE`.

Every accuracy is a mean over seeds with half a 90 % interval (Student's t); differences are paired by seed. What the
numbers say is told in docs/benchmark.md.
"""

from pathlib import Path
from typing import Any

import tyro

from artifacts import environment
from artifacts.files import write_json
from empirical.records import Benchmark, BenchmarkRow, read_benchmark


def main(results: Path, out: Path) -> None:
    """Read a results folder of `distort reproduce` or `distort bench run`, and write its numbers."""
    benchmark = read_benchmark(results / "benchmark")
    write_json(out, document(benchmark))


def document(benchmark: Benchmark) -> dict[str, Any]:
    """What docs and README quote."""
    return {
        "environment": environment(),
        "datasets": [
            {
                "name": dataset.name,
                "sizes": dataset.sizes,
                "columns": dataset.columns,
                "backbone": dataset.backbone,
                "recipe": dataset.recipe,
            }
            for dataset in benchmark.datasets
        ],
        "missing": benchmark.missing,
        "set_aside": [failure.model_dump() for failure in benchmark.set_aside],
        "sets": [described.model_dump(exclude={"reason"}) for described in benchmark.sets],
        "shared_head_id": {dataset.name: dataset.id_shared_head_accuracy for dataset in benchmark.datasets},
        "rows": [_row(row) for row in (*benchmark.rows, *benchmark.careful_rows)],
        "differences": [difference.model_dump() for difference in benchmark.differences],
        "conditions": [
            {
                "kind": condition.kind,
                "label": condition.label,
                "value": condition.value,
                "backbone_accuracy": condition.backbone_accuracy,
                "head_accuracy": condition.head_accuracy,
                "shared_heads": {described.name: described.shared_head_accuracy for described in condition.sets},
                "rows": [_row(row) for row in condition.rows],
            }
            for condition in benchmark.conditions
            if condition.name
        ],
        "interpolations": len(benchmark.interpolations),
    }


def _row(row: BenchmarkRow) -> dict[str, Any]:
    return {
        "dataset": row.dataset,
        "condition": row.condition,
        "method": row.method,
        "norm_mode": row.norm_mode,
        "rule": row.rule,
        "seeds": row.seeds,
        "learning_rate": row.learning_rate,
        "grid_edge": row.grid_edge,
        "id_validation": row.id_validation_accuracy,
        "id": [row.id_accuracy, row.id_ci90],
        "ood": [row.ood_accuracy, row.ood_ci90],
        "sets": {name: [measured.accuracy, measured.ci90] for name, measured in row.per_ood_set.items()},
        "grid": {f"{point.value:g}": [point.selection, point.id_accuracy, point.ood_accuracy] for point in row.grid},
        "movement": {name: moved.mean_squared for name, moved in row.movement.items()},
    }


if __name__ == "__main__":
    tyro.cli(main)
