"""Reads a results folder into one `Summary`: what is there is shown, what is missing is said to be missing."""

import json
from pathlib import Path

from artifacts import environment, published
from empirical.records import BENCHMARK_FILE, Benchmark, read_benchmark
from figures.catalogue import BENCHMARK, FIGURES
from figures.publishing import INFORMATION
from figures.report.contents import Claim, DrawnFigure, Simulation, Summary


def gather(results: Path) -> Summary:
    """Everything that the folder holds.

    Raises:
      UserError: a part is damaged.
    """
    there = (results / BENCHMARK / BENCHMARK_FILE).exists()
    benchmark = read_benchmark(results / BENCHMARK) if there else Benchmark(suite="", datasets=[], rows=[])
    return Summary(
        claims=claims(results),
        simulations=simulations(results),
        benchmark=tuple(benchmark.rows),
        careful=tuple(benchmark.careful_rows),
        differences=tuple(benchmark.differences),
        datasets=tuple(benchmark.datasets),
        sets=tuple(benchmark.sets),
        published=tuple(benchmark.published),
        missing=tuple(benchmark.missing),
        set_aside=tuple(benchmark.set_aside),
        backbone=benchmark.datasets[0].backbone if benchmark.datasets else {},
        figures=drawn(results),
        environment=environment(),
    )


def claims(results: Path) -> tuple[Claim, ...]:
    """Every statement, with what its verification in this folder found, if there was one."""
    from simulations.verification import published_verifications
    from theory.statements import STATEMENTS

    verifications = published_verifications(results)
    return tuple(Claim.of(statement, verifications.get(statement.name)) for statement in STATEMENTS)


def simulations(results: Path) -> tuple[Simulation, ...]:
    """Every experiment whose data are in the folder."""
    from bridge.catalogue import EXPERIMENTS
    from simulations.records import SUMMARY, folder

    there = []
    for experiment in EXPERIMENTS:
        try:
            artifact = published(folder(experiment.name, results))
        except FileNotFoundError:
            continue
        summary = json.loads((artifact.path / SUMMARY).read_text(encoding="utf-8"))
        there.append(Simulation(title=experiment.title, **summary))
    return tuple(there)


def drawn(results: Path) -> tuple[DrawnFigure, ...]:
    """Every figure that has been drawn in the folder, in the order of the catalogue."""
    there = []
    for figure in FIGURES:
        try:
            artifact = published(results / "figures" / figure.name)
        except FileNotFoundError:
            continue
        information = json.loads((artifact.path / INFORMATION).read_text(encoding="utf-8"))
        names = sorted(name for name in artifact.files if name != INFORMATION)
        files = tuple((artifact.path / name).relative_to(results).as_posix() for name in names)
        there.append(DrawnFigure(**information, files=files))
    return tuple(there)
