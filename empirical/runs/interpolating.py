"""WiSE-FT: networks between where a run started and its selected epoch, judged along the whole line."""

from pathlib import Path

from artifacts import Outcome
from empirical.benchmark.run import Run
from empirical.methods import InterpolationWeights
from empirical.records import METRICS_FILE, RESULT_FILE, Interpolation, InterpolationPoint, write_lines, write_record
from empirical.runs.materials import materials
from empirical.runs.publishing import file_of, of_trained_run, publish_run
from empirical.runs.training import SELECTED_FILE, head_source, read_selected, start_of
from empirical.training import interpolated


def publish_interpolation(run: Run, force: bool) -> Outcome:
    """Publish the curve of a training run."""
    ingredients = materials(run)
    head = head_source(run, ingredients)
    end_path, end = file_of(run.trained, SELECTED_FILE)
    weights = (run.method.interpolation or InterpolationWeights()).weights

    def build(directory: Path) -> None:
        first = start_of(run, ingredients, None if head is None else head[0])
        last = read_selected(end_path, ingredients)
        points = [
            InterpolationPoint(alpha=alpha, sets=ingredients.judge(interpolated(first, last, alpha)).sets)
            for alpha in weights
        ]
        write_lines(directory / METRICS_FILE, points)
        write_record(directory / RESULT_FILE, Interpolation(**of_trained_run(run), points=points))

    inputs = {
        **ingredients.inputs, "head": None if head is None else head[1], "end": end, "weights_between": list(weights)
    }  # fmt: skip
    return publish_run(run, inputs=inputs, build=build, force=force)
