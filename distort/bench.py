"""`distort bench`: the benchmark on real images. Today: handwritten digits, which need no download."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import arg
from tyro.extras import SubcommandApp

from distort import bench_checkpoints
from distort.bench_data import add_commands
from distort.command import Answer, Command, Scale, table

if TYPE_CHECKING:
    from empirical.records import Benchmark


def commands() -> SubcommandApp:
    """The subcommands of `distort bench`."""
    app = SubcommandApp()
    app.command(Run, name="run")
    app.command(Status, name="status")
    app.command(Collect, name="collect")
    add_commands(app)
    bench_checkpoints.add_commands(app)
    return app


@dataclass(frozen=True, kw_only=True)
class Run(Command):
    """Run the embedded benchmark: linear probes, a learning-rate sweep of every method, the table."""

    out: Path = Path("results")
    """Results folder."""
    scale: Scale = "default"
    """How large."""
    force: bool = False
    """Train again what is up to date."""

    def __call__(self) -> Answer:
        from distort.folder import held
        from distort.progress import progress
        from distort.stages import benchmark_stages, stages_text
        from empirical.recipes import RECIPES
        from empirical.records import read_benchmark
        from figures.catalogue import BENCHMARK

        with held(self.out) as results, progress() as begin:
            stages = benchmark_stages(results, RECIPES[self.scale], force=self.force, begin=begin)
            found = read_benchmark(results / BENCHMARK)
        return Answer(found.rows, f"{stages_text(stages)}\n\n{accuracy_table(found)}")


@dataclass(frozen=True)
class RunsOfMethod:
    """Training runs of one method that are in a results folder."""

    method: str
    norm_mode: str
    finished: int
    diverged: int
    damaged: int


@dataclass(frozen=True, kw_only=True)
class Status(Command):
    """Count the training runs that a results folder holds; reads and checks, trains nothing."""

    results: Annotated[Path, arg(name="from")] = Path("results")
    """Results folder."""

    def __call__(self) -> Answer:
        from distort.folder import existing

        counted = _counted(existing(self.results))
        rows = [(one.method, one.norm_mode, str(one.finished), str(one.diverged), str(one.damaged)) for one in counted]
        return Answer(counted, table(("method", "norm mode", "finished", "diverged", "damaged"), rows))


@dataclass(frozen=True, kw_only=True)
class Collect(Command):
    """Print the table of accuracies of a finished benchmark."""

    results: Annotated[Path, arg(name="from")] = Path("results")
    """Results folder."""

    def __call__(self) -> Answer:
        from distort.folder import existing
        from empirical.records import read_benchmark
        from figures.catalogue import BENCHMARK

        found = read_benchmark(existing(self.results) / BENCHMARK)
        return Answer(found.rows, accuracy_table(found))


def accuracy_table(benchmark: "Benchmark") -> str:
    """Accuracies in percent with the half width of their 90 % intervals."""
    sets = list(benchmark.rows[0].per_ood_set)
    header = ("method", "norm mode", "learning rate", "ID", "OOD", *sets)
    rows = [
        (
            row.method,
            row.norm_mode,
            "-" if row.learning_rate is None else f"{row.learning_rate:g}",
            _accuracy(row.id_accuracy, row.id_ci90),
            _accuracy(row.ood_accuracy, row.ood_ci90),
            *(_accuracy(row.per_ood_set[name].accuracy, row.per_ood_set[name].ci90) for name in sets),
        )
        for row in benchmark.rows
    ]
    controls = [one.name for one in benchmark.sets if one.premises != "met"]
    note = f"OOD is the mean over the sets that meet the premises; controls: {', '.join(controls) or 'none'}."
    return f"{table(header, rows)}\n{note}"


def _accuracy(value: float, half_width: float | None) -> str:
    return f"{100 * value:.1f}" if half_width is None else f"{100 * value:.1f} ± {100 * half_width:.1f}"


def _counted(results: Path) -> list[RunsOfMethod]:
    """Runs by method and norm mode, in alphabetical order; a run whose method cannot be read counts as unknown."""
    from collections import Counter

    from artifacts import DamagedArtifact, published
    from empirical.records import RunResult, read_record
    from figures.catalogue import BENCHMARK

    counts: Counter[tuple[str, str, str]] = Counter()
    for path in sorted((results / BENCHMARK / "runs").glob("[0-9a-f]*")):
        try:
            run = read_record(published(path).path / "result.json", RunResult)
        except (FileNotFoundError, DamagedArtifact):
            counts["unknown", "unknown", "damaged"] += 1
        else:
            counts[run.method, run.norm_mode, run.status] += 1
    return [
        RunsOfMethod(method, mode, *(counts[method, mode, status] for status in ("finished", "diverged", "damaged")))
        for method, mode in sorted({key[:2] for key in counts})
    ]
