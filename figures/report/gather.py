"""Reads a results folder into one `Summary`: what is there is shown, what is missing is said to be missing."""

import json
from pathlib import Path
from typing import Any

from artifacts import UserError, environment, published
from empirical.records import BENCHMARK_FILE, Benchmark, read_benchmark
from figures.catalogue import BENCHMARK, FIGURES
from figures.publishing import INFORMATION
from figures.report.contents import Claim, DrawnFigure, Simulation, Summary, Witness

#: The verification of all statements, below the results folder.
THEORY, VERIFICATION = "theory", "verification.json"


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
    from theory.statements import STATEMENTS, Status

    found = _verifications(results / THEORY)
    return tuple(
        Claim(
            name=statement.name,
            source=statement.source,
            status=found.get(statement.name, {}).get("status", Status.UNVERIFIED),
            examples=found.get(statement.name, {}).get("checked", 0),
            violations=found.get(statement.name, {}).get("violations", 0),
            smallest_slack=found.get(statement.name, {}).get("smallest_slack"),
            sharpness=found.get(statement.name, {}).get("sharpness"),
            claim=statement.claim,
            latex=statement.latex,
            premises=statement.premises,
            proof=statement.proof,
            published=statement.published,
            witnesses=tuple(
                Witness(
                    name=example.name,
                    shows=example.shows,
                    slack=found.get(statement.name, {}).get("counterexamples", {}).get(example.name),
                )
                for example in statement.counterexamples
            ),
        )
        for statement in STATEMENTS
    )


def simulations(results: Path) -> tuple[Simulation, ...]:
    """Every experiment whose data are in the folder."""
    from simulations.catalogue import EXPERIMENTS
    from simulations.records import SUMMARY, folder

    found = []
    for experiment in EXPERIMENTS:
        try:
            artifact = published(folder(experiment.name, results))
        except FileNotFoundError:
            continue
        summary = json.loads((artifact.path / SUMMARY).read_text(encoding="utf-8"))
        found.append(Simulation(title=experiment.title, **summary))
    return tuple(found)


def drawn(results: Path) -> tuple[DrawnFigure, ...]:
    """Every figure that has been drawn in the folder, in the order of the catalogue."""
    found = []
    for figure in FIGURES:
        try:
            artifact = published(results / "figures" / figure.name)
        except FileNotFoundError:
            continue
        information = json.loads((artifact.path / INFORMATION).read_text(encoding="utf-8"))
        names = sorted(name for name in artifact.files if name != INFORMATION)
        files = tuple((artifact.path / name).relative_to(results).as_posix() for name in names)
        found.append(DrawnFigure(**information, files=files))
    return tuple(found)


def _verifications(path: Path) -> dict[str, dict[str, Any]]:
    try:
        artifact = published(path)
    except FileNotFoundError:
        return {}
    try:
        found = json.loads((artifact.path / VERIFICATION).read_text(encoding="utf-8"))
        return {one["name"]: one for one in found}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} must hold a verification, but it cannot be read ({error}); run `distort reproduce`."
        ) from error
