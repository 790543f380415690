"""What makes a run of each kind."""

from collections.abc import Callable, Mapping

from artifacts import Outcome
from empirical.benchmark.run import Run
from empirical.benchmark.units import Kind
from empirical.runs.describing import publish_description
from empirical.runs.interpolating import publish_interpolation
from empirical.runs.pretraining import publish_pretraining
from empirical.runs.probing import publish_probe
from empirical.runs.refitting import publish_refitting
from empirical.runs.training import publish_training

#: The flag asks for the run to be made in any case.
PUBLISHERS: Mapping[Kind, Callable[[Run, bool], Outcome]] = {
    "pretraining": publish_pretraining,
    "description": publish_description,
    "probe": publish_probe,
    "training": publish_training,
    "curve": publish_training,
    "interpolation": publish_interpolation,
    "refitting": publish_refitting,
}
