"""The benchmark that needs no download: LP, FT and LP-FT on handwritten digits, from pictures to table.

Whatever is in the folder and still true is kept; the outcome names what was made and why.
"""

from pathlib import Path
from typing import NamedTuple

from empirical.collection import benchmark_row, curve, probe_row
from empirical.description import SetDescriptions, describe_sets
from empirical.materials import Ledger, Materials, Progress
from empirical.methods import Method
from empirical.recipes import RECIPES, Recipe, Scale
from empirical.records import (
    BENCHMARK_FILE,
    Benchmark,
    BenchmarkRow,
    ProbeResult,
    RunResult,
    read_epochs,
    read_record,
    write_record,
)  # fmt: skip
from empirical.selection import selected_learning_rate
from empirical.sweep import run_sweep


class EmbeddedOutcome(NamedTuple):
    """The table, and what this call had to do: name and reason of every step made, number of steps up to date."""

    rows: list[BenchmarkRow]
    built: dict[str, str]
    up_to_date: int


def silent(message: str, fraction: float) -> None:
    """Progress that nobody wants to hear."""


def run_embedded(folder: Path, *, scale: Scale, progress: Progress = silent) -> EmbeddedOutcome:
    """Bring the embedded benchmark in `folder` up to date at a scale, and write its `benchmark.json`.

    Args:
      progress: told what is being done and the fraction of training runs finished.
    """
    return run_recipe(folder, RECIPES[scale], progress=progress)


def run_recipe(folder: Path, recipe: Recipe, *, progress: Progress = silent) -> EmbeddedOutcome:
    """Bring any recipe's benchmark up to date."""
    materials = Materials(folder, recipe, Ledger(), progress)
    probes = [
        read_record(materials.probe_artifact(seed).artifact.path / "result.json", ProbeResult) for seed in recipe.seeds
    ]
    sets = read_record(describe_sets(materials).artifact.path / "sets.json", SetDescriptions)
    results = {path: read_record(path / "result.json", RunResult) for path in run_sweep(materials)}
    selections = [selected_learning_rate(_runs_of(sweep.method, results)) for sweep in recipe.sweeps]
    chosen = [run for selected in selections for run in selected.runs]
    benchmark = Benchmark(
        rows=[probe_row(probes), *map(benchmark_row, selections)],
        curves=[curve(run, read_epochs(path / "metrics.jsonl")) for path, run in results.items() if run in chosen],
        sets=sets.sets,
        id_shared_head_accuracy=sets.id_shared_head_accuracy,
        backbone=materials.provenance,
        recipe=recipe.model_dump(mode="json"),
    )
    write_record(folder / BENCHMARK_FILE, benchmark)
    return EmbeddedOutcome(benchmark.rows, materials.ledger.built, materials.ledger.up_to_date)


def _runs_of(method: Method, results: dict[Path, RunResult]) -> list[RunResult]:
    return [run for run in results.values() if (run.method, run.norm_mode) == (method.name, method.norm_mode)]
