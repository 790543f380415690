"""The lower bounds of fine-tuning against its measured best OOD error over all stopping times.

One ID direction, where the best over all times is known in closed form; one parameter at a time is swept, and the
number k of features. Source: paper, Theorem 3.1; theory.bounds.
"""

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Float, Int

from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.families import Point, family_of_one_direction, one_direction
from simulations.measured import Measured
from simulations.sweeps import ALONE, Watch, ensemble

#: The parameters swept, in the order of the arrays.
PARAMETERS = ("head_error", "head_scale", "angle", "feature_error", "truth_norm")


class BoundsAgainstParameters(Configuration):
    """`points` values of each parameter, the others at their centre; angles in radians, ranges (low, high); `features`
    are the values of k.

    `head_error` is phi: heads at a given phi are drawn on either side of the truth where there is one.
    """

    points: int
    problems: int
    head_scale: float = 0.5
    angle: float = 0.8
    feature_error: float = 0.01
    truth_norm: float = 1.0
    head_errors: tuple[float, float] = (0.01, 100.0)
    head_scales: tuple[float, float] = (0.01, 100.0)
    angles: tuple[float, float] = (0.05, 1.52)
    feature_errors: tuple[float, float] = (1e-4, 1.0)
    truth_norms: tuple[float, float] = (0.01, 100.0)
    features: tuple[int, ...]
    seed: int = 0


class BoundsAgainstParametersData(eqx.Module):
    """For every parameter of `PARAMETERS`: its values, and arrays (parameter, value, problem); the same for k alone."""

    values: Float[np.ndarray, "5 p"]
    measured: Measured
    features: Int[np.ndarray, " k"]
    measured_by_features: Measured
    solved_by: str


def simulate(config: BoundsAgainstParameters, watch: Watch = ALONE) -> BoundsAgainstParametersData:
    """One sweep for each parameter."""
    ranges = [np.geomspace(*limits, config.points) for limits in (config.head_errors, config.head_scales)]
    ranges += [np.linspace(*config.angles, config.points)]
    ranges += [np.geomspace(*limits, config.points) for limits in (config.feature_errors, config.truth_norms)]
    centre = {name: getattr(config, name) for name in PARAMETERS[1:]}
    at_centre = {name: np.array([value]) for name, value in centre.items()}
    sweeps = [
        ensemble(
            one_direction, Point.sweep(**(centre | {name: values})), config.problems, seed=config.seed, watch=watch
        )
        for name, values in zip(PARAMETERS, ranges, strict=True)
    ]
    by_features = [
        ensemble(family_of_one_direction(k), Point.sweep(**at_centre), config.problems, seed=config.seed, watch=watch)
        for k in config.features
    ]
    return BoundsAgainstParametersData(
        values=np.stack(ranges),
        measured=jax.tree.map(lambda *leaves: np.stack(leaves), *sweeps),
        features=np.array(config.features),
        measured_by_features=jax.tree.map(lambda *leaves: np.concatenate(leaves), *by_features),
        solved_by="exact: one ID direction",
    )


def configuration(scale: Scale) -> BoundsAgainstParameters:
    points, problems, features = {
        "quick": (13, 32, (1, 4, 16)),
        "default": (25, 200, (1, 2, 4, 8, 16, 32)),
        "full": (49, 1000, (1, 2, 4, 8, 16, 32, 64)),
    }[scale]
    return BoundsAgainstParameters(points=points, problems=problems, features=features)


EXPERIMENT = Experiment(
    "bounds_against_parameters",
    "The lower bounds against what they depend on",
    configuration,
    simulate,
    BoundsAgainstParametersData,
    family=one_direction.__name__,
)
