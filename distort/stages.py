"""The steps of the main job, each published: what is up to date is kept, what is not is made again and says why.

Each gives what it did as stages and takes `begin`, so that `distort.workers` can run it in another process.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from artifacts import Outcome, UserError
from artifacts.directory import KEPT, is_only_checked
from artifacts.results_folder import SETTINGS
from artifacts.runtime import compiled_fully, compiled_quickly
from distort.command import Scale, note
from distort.progress import Begin, Report

if TYPE_CHECKING:
    from empirical import Suite, SuiteOutcome
    from figures.look.saving import Format
    from figures.report.contents import Stage

#: Decides which problems the statements are verified on.
SEED = 0


def verification_stages(
    results: Path, names: Sequence[str], *, examples: int, force: bool, begin: Begin
) -> "list[Stage]":
    """Statements verified, under `theory/`. One step for all of them, since they share the problems they are tested on.

    Args:
      examples: problems drawn in each setting of a statement.
    """
    from simulations.verification import publish_verification
    from theory.statements import STATEMENTS

    started, report = time.perf_counter(), begin("statements")
    statements = [statement for statement in STATEMENTS if statement.name in names]

    def progress(done: int, total: int) -> None:
        report(f"{len(statements)} statements, {done} of {total} problems", done / total)

    outcome = publish_verification(results, statements, examples=examples, seed=SEED, force=force, progress=progress)
    report("", 1.0)
    return [_stage("statements", outcome, started)]


def simulation_stages(
    results: Path,
    names: Sequence[str],
    *,
    scale: Scale,
    force: bool,
    begin: Begin,
    changes: Mapping[str, Any] = MappingProxyType({}),
) -> "list[Stage]":
    """Data of experiments, each under `simulations/<name>/`.

    Args:
      changes: fields of their configurations; the data then lie in a folder of this setting (`simulations.settings`).
    """
    from bridge.catalogue import EXPERIMENTS
    from simulations.records import run_experiment

    stages = []
    for name in names:
        started, report = time.perf_counter(), begin(f"simulation {name}")
        experiment = next(experiment for experiment in EXPERIMENTS if experiment.name == name)

        def progress(done: int, total: int, report: Report = report) -> None:
            report(f"{done} of {total} problems", done / total)

        with compiled_quickly() if experiment.compiles_quickly(scale) else nullcontext():
            outcome = run_experiment(experiment, results, scale, force, changes=changes, progress=progress)
        report("", 1.0)
        root = outcome.artifact.path.parents[1]
        setting = f" with {root.name}" if root.parent.name == SETTINGS else ""
        stages.append(_stage(f"simulation {name}{setting}", outcome, started))
    return stages


def benchmark_stages(results: Path, suite: "Suite", *, workers: int, force: bool, begin: Begin) -> "list[Stage]":
    """A suite that needs no data of the user's, under `benchmark/`; each of its runs is a step of its own.

    Args:
      workers: processes that share its runs; with 1 they run here.
    """
    from distort.suites import BENCHMARK
    from empirical import Workspace, run_suite
    from empirical.executors import Processes, local
    from figures.report.contents import Stage

    started, report = time.perf_counter(), begin("benchmark")
    workspace = Workspace(folder=results.absolute() / BENCHMARK)
    executor = local if workers == 1 or is_only_checked() else Processes(workers)
    with compiled_fully():  # networks are trained, at every scale
        outcome = run_suite(suite, workspace, executor=executor, force=force, progress=report)
    report("", 1.0)
    if outcome.set_aside:
        first = outcome.set_aside[0]
        raise UserError(f"Every run of the benchmark must finish, but {first.unit}: {first.error}")
    built = [Stage(name=f"benchmark: {name}", built=True, reason=reason) for name, reason in outcome.built.items()]
    whole = Stage(
        name="benchmark",
        built=bool(built),
        reason=f"{len(built)} steps to do, {outcome.up_to_date} up to date" if built else "up to date",
        seconds=_since(started),
    )
    kept = [Stage(name=f"benchmark: {name}", built=False, reason=reason) for name, reason in outcome.kept.items()]
    return [whole, *built, *kept]


def figure_stages(
    results: Path, name: str, *, force: bool, begin: Begin, size: str = "page", formats: "Sequence[Format]" = ()
) -> "list[Stage]":
    """One figure, under `figures/<name>/`; one for which there are no results is passed over, and its stage says why.

    Args:
      size, formats: as in `figures.draw_figure`.
    """
    from figures.catalogue import entry
    from figures.missing import NothingToDraw
    from figures.publishing import draw_figure
    from figures.report.contents import Stage

    started, report = time.perf_counter(), begin(f"figure {name}")
    try:
        outcome = draw_figure(entry(name), results, force=force, size=size, formats=formats)
    except NothingToDraw as nothing:
        return [Stage(name=f"figure {name}", built=False, reason=str(nothing), no_data=True)]
    finally:
        report("", 1.0)
    return [_stage(f"figure {name}", outcome, started)]


def suite_text(outcome: "SuiteOutcome") -> str:
    """What a call made and why, and what was set aside."""
    from figures.report.contents import Stage

    stages = [Stage(name=name, built=True, reason=reason) for name, reason in outcome.built.items()]
    stages += [Stage(name=name, built=False, reason=reason) for name, reason in outcome.kept.items()]
    text = stages_text(stages)
    lines = [text] if text else []
    lines += [f"up to date: {outcome.up_to_date} runs"] if outcome.up_to_date else []
    reasons: dict[str, list[str]] = {}
    for failed in outcome.set_aside:
        reasons.setdefault(failed.error, []).append(failed.unit)
    # What one missing data set holds up is said once.
    lines += [f"set aside: {_shortened(units)}: {error}" for error, units in reasons.items()]
    lines += ["stopped at the limit; the same command goes on"] if outcome.stopped else []
    return "\n".join(lines)


def stages_text(stages: "Sequence[Stage]") -> str:
    """What was up to date, what was made, and why; steps that share a reason share a line."""
    heads: dict[str, list[str]] = {}
    kept: list[str] = []
    for stage in stages:
        time_taken = "" if stage.seconds is None else f" ({stage.seconds:.1f} s)"
        if stage.built:
            heads.setdefault(f"made ({stage.reason})", []).append(stage.name + time_taken)
        elif stage.reason.startswith(KEPT):
            heads.setdefault(stage.reason, []).append(stage.name)
        elif not stage.no_data:
            kept.append(stage.name)
    lines = [f"{head}: {_shortened(names)}" for head, names in heads.items()]
    lines += [f"up to date: {_shortened(kept, most=20)}"] if kept else []
    missing: dict[str, list[str]] = {}
    for stage in stages:
        if stage.no_data:
            missing.setdefault(stage.reason, []).append(stage.name.removeprefix("figure "))
    lines += [f"not drawn: {', '.join(names)}. {reason}" for reason, names in missing.items()]
    return "\n".join(map(note, lines))


def _shortened(names: Sequence[str], *, most: int = 8) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _stage(name: str, outcome: Outcome, started: float) -> "Stage":
    from figures.report.contents import Stage

    return Stage(name=name, built=outcome.built, reason=outcome.reason, seconds=_since(started))


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 2)
