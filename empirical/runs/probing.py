"""A linear probe: features once, the whole path of penalties, every set's metrics at each, the selected head."""

import time
from pathlib import Path

from artifacts import Outcome
from empirical.backbones.checkpoints import write_tensors
from empirical.benchmark.run import Run
from empirical.linear_probe import probe_path
from empirical.recipes import SolvedProbe
from empirical.records import METRICS_FILE, RESULT_FILE, PenaltyRecord, ProbeResult, write_lines, write_record
from empirical.runs.materials import materials
from empirical.runs.publishing import publish_run
from empirical.selection import grid_edge, selected_penalty

HEAD_FILE = "head.safetensors"


def publish_probe(run: Run, force: bool) -> Outcome:
    """Publish the probe of a recipe and seed."""
    ingredients = materials(run)
    recipe, probe = run.recipe, run.recipe.probe
    assert isinstance(probe, SolvedProbe)

    def build(directory: Path) -> None:
        began = time.perf_counter()
        path = probe_path(
            ingredients.training_features(seed=run.seed),
            classes=ingredients.classes,
            penalties=probe.penalties,
            standardisation=probe.standardisation,
            solver=probe.solver,
        )
        steps = [
            PenaltyRecord(
                penalty=solution.penalty,
                converged=solution.converged,
                iterations=solution.iterations,
                sets=ingredients.judge.of_head(solution.head, ingredients.features),
            )
            for solution in path
        ]
        best = selected_penalty(steps, recipe.criterion)
        write_tensors(directory / HEAD_FILE, path[steps.index(best)].head._asdict())
        write_lines(directory / METRICS_FILE, steps)
        write_record(
            directory / RESULT_FILE,
            ProbeResult(
                run=run.id,
                dataset=recipe.name,
                condition=run.unit.condition,
                seed=run.seed,
                penalty=best.penalty,
                edge=grid_edge(best.penalty, probe.penalties),
                sets=best.sets,
                seconds=round(time.perf_counter() - began, 3),
            ),
        )

    return publish_run(run, inputs=ingredients.inputs, build=build, force=force)
