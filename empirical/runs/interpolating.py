"""WiSE-FT: networks between where a run started and its selected epoch, judged along the whole line."""

from pathlib import Path

from artifacts import Outcome
from empirical.benchmark.suite import Suite
from empirical.benchmark.units import Unit, method_of, run_id
from empirical.benchmark.workspace import Places
from empirical.methods import Interpolation as Weights
from empirical.records import Interpolation, InterpolationPoint, write_lines, write_record
from empirical.runs.materials import materials
from empirical.runs.publishing import METRICS_FILE, RESULT_FILE, file_of, publish_run
from empirical.runs.training import SELECTED_FILE, head_source, read_selected, start_of
from empirical.training import interpolated


def publish_interpolation(unit: Unit, suite: Suite, places: Places, force: bool) -> Outcome:
    """Publish the curve of a training run."""
    found = materials(unit, suite, places)
    method = method_of(unit, found.recipe)
    run = unit.model_copy(update={"kind": "training"})
    head = head_source(run, suite, places, found)
    end_path, end = file_of(run, suite, places, SELECTED_FILE)
    weights = (method.interpolation or Weights()).weights

    def build(directory: Path) -> None:
        first = start_of(run, found, None if head is None else head[0])
        last = read_selected(end_path, found)
        points = [
            InterpolationPoint(alpha=alpha, sets=found.judge(interpolated(first, last, alpha)).sets)
            for alpha in weights
        ]
        write_lines(directory / METRICS_FILE, points)
        write_record(
            directory / RESULT_FILE,
            Interpolation(
                run=run_id(unit, suite),
                end=run_id(run, suite),
                dataset=found.recipe.name,
                method=method.name,
                norm_mode=method.norm_mode,
                learning_rate=unit.learning_rate or 0.0,
                seed=unit.seed or 0,
                points=points,
            ),
        )

    inputs = {**found.inputs, "head": None if head is None else head[1], "end": end, "weights_between": list(weights)}
    return publish_run(unit, suite, places, inputs=inputs, build=build, force=force)
