"""Reads a results folder into one `Summary`: what is there is shown, what is missing is said to be missing."""

from pathlib import Path
from typing import Any, TypeVar

from artifacts import UserError, environment, published
from artifacts.frozen import Frozen
from artifacts.reading import read_json, why_unreadable
from empirical.records import BENCHMARK_FILE, SUITES, Benchmark, read_benchmark
from figures.catalogue import BENCHMARK, FIGURES
from figures.publishing import INFORMATION
from figures.report.claims import claims
from figures.report.contents import DrawnFigure, Simulation, Summary

Told = TypeVar("Told", bound=Frozen)


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
        answers=tuple(benchmark.answers),
        own=benchmark.suite not in ("", *SUITES),
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
        again = f"`distort simulate {experiment.name} --out {results}`"
        there.append(_told(Simulation, artifact.path / SUMMARY, again, title=experiment.title))
    return tuple(there)


def drawn(results: Path) -> tuple[DrawnFigure, ...]:
    """Every figure that has been drawn in the folder, in the order of the catalogue."""
    there = []
    for figure in FIGURES:
        try:
            artifact = published(results / "figures" / figure.name)
        except FileNotFoundError:
            continue
        names = sorted(name for name in artifact.files if name != INFORMATION)
        files = tuple((artifact.path / name).relative_to(results).as_posix() for name in names)
        again = f"`distort figures {figure.name} --from {results}`"
        there.append(_told(DrawnFigure, artifact.path / INFORMATION, again, files=files))
    return tuple(there)


def _told(kind: type[Told], path: Path, again: str, **more: Any) -> Told:
    """What a published file says, and what this module knows beside.

    Args:
      again: the command that makes it again once it is removed.
    """
    try:
        return kind(**{**read_json(path), **more})
    except (OSError, ValueError, TypeError) as error:
        raise UserError(
            f"{path} must be of this version ({why_unreadable(error)}); remove {path.parent}, and {again} makes it "
            "again."
        ) from error
