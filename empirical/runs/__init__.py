"""What a worker does with a unit: each kind of work in a file of its own, each publishing one run directory."""

from artifacts import Outcome
from empirical.benchmark.run import Assignment


def run_unit(assignment: Assignment) -> Outcome:
    """Make sure that a unit's run is published in the suite's folder, whoever asks and how often.

    A run that is there is kept unless its configuration, data, weights or code changed, or a file was damaged; the
    outcome says why it was made. Two processes on one run take turns.

    Raises:
      UserError: data, weights or something that the unit depends on is missing or wrong.
    """
    from empirical.runs.publishers import PUBLISHERS  # when a run is made: what is made is looked up without JAX

    return PUBLISHERS[assignment.unit.kind](assignment.run(), assignment.force)
