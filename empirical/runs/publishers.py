"""What makes a run of each kind, and the one function that a worker calls."""

from collections.abc import Callable, Mapping

from artifacts import Outcome
from empirical.benchmark.run import Assignment, Run
from empirical.benchmark.units import Kind
from empirical.runs.describing import publish_description
from empirical.runs.interpolating import publish_interpolation
from empirical.runs.pretraining import publish_pretraining
from empirical.runs.probing import publish_probe
from empirical.runs.refitting import publish_refitting
from empirical.runs.training import publish_training

#: What makes a run of each kind; the flag asks for it to be made in any case.
PUBLISHERS: Mapping[Kind, Callable[[Run, bool], Outcome]] = {
    "pretraining": publish_pretraining,
    "description": publish_description,
    "probe": publish_probe,
    "training": publish_training,
    "interpolation": publish_interpolation,
    "refitting": publish_refitting,
}


def run_unit(assignment: Assignment) -> Outcome:
    """Make sure that a unit's run is published in the suite's folder, whoever asks and how often.

    A run that is there is kept unless its configuration, data, weights or code changed, or a file was damaged; the
    outcome says why it was made. Two processes on one run take turns.

    Raises:
      UserError: data, weights or something that the unit depends on is missing or wrong.
    """
    return PUBLISHERS[assignment.unit.kind](assignment.run(), assignment.force)
