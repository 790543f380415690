"""A linear probe: features once, the whole path of penalties, every set's metrics at each, the selected head."""

import time
from pathlib import Path

from artifacts import Outcome
from empirical.backbones.checkpoints import write_tensors
from empirical.benchmark.suite import Suite
from empirical.benchmark.units import Unit, run_id
from empirical.benchmark.workspace import Places
from empirical.linear_probe import probe_path
from empirical.recipes import SolvedProbe
from empirical.records import PenaltyRecord, ProbeResult, write_lines, write_record
from empirical.runs.materials import materials
from empirical.runs.publishing import METRICS_FILE, RESULT_FILE, publish_run
from empirical.selection import grid_edge, selected_penalty

HEAD_FILE = "head.safetensors"


def publish_probe(unit: Unit, suite: Suite, places: Places, force: bool) -> Outcome:
    """Publish the probe of a recipe and seed."""
    found = materials(unit, suite, places)
    recipe, probe = found.recipe, found.recipe.probe
    assert isinstance(probe, SolvedProbe)
    seed = unit.seed or 0

    def build(directory: Path) -> None:
        began = time.perf_counter()
        path = probe_path(
            found.training_features(seed=seed),
            classes=found.classes,
            penalties=probe.penalties,
            standardisation=probe.standardisation,
            solver=probe.solver,
        )
        steps = [
            PenaltyRecord(
                penalty=one.penalty,
                converged=one.converged,
                iterations=one.iterations,
                sets=found.judge.of_head(one.head, found.features),
            )
            for one in path
        ]
        best = selected_penalty(steps, recipe.criterion)
        write_tensors(directory / HEAD_FILE, path[steps.index(best)].head._asdict())
        write_lines(directory / METRICS_FILE, steps)
        write_record(
            directory / RESULT_FILE,
            ProbeResult(
                run=run_id(unit, suite),
                dataset=recipe.name,
                condition=unit.condition,
                seed=seed,
                penalty=best.penalty,
                edge=grid_edge(best.penalty, probe.penalties),
                sets=best.sets,
                seconds=round(time.perf_counter() - began, 3),
            ),
        )

    return publish_run(unit, suite, places, inputs=found.inputs, build=build, force=force)
