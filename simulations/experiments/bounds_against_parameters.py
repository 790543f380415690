"""The lower bounds of fine-tuning against its measured best OOD error over all stopping times.

One ID direction, where the best over all times is known in closed form; one parameter at a time is swept, and the
number k of features. Source: paper, Theorem 3.1; theory.bounds.
"""

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Float, Int
from pydantic import model_validator

from simulations.comparison import Comparison
from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.families import EXACT_DIRECTION, ONE_DIRECTION, ExactFamily, Point
from simulations.sampling import Dimensions
from simulations.sweeps import ALONE, Watch, ensemble

#: The parameters swept, in the order of the arrays.
PARAMETERS = ("head_error", "head_scale", "angle", "feature_error", "truth_norm")


class BoundsAgainstParameters(Configuration):
    """`points` values of each parameter, the others at their centre.

    Angles are in radians, ranges are (low, high); `features` are the values of k.
    `head_error` is phi: heads at a given phi are drawn on either side of the truth where there is one.
    """

    dimensions: Dimensions = ONE_DIRECTION
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

    @model_validator(mode="after")
    def _one_feature(self) -> "BoundsAgainstParameters":
        if self.dimensions.feature_dim != 1:
            raise ValueError(f"Heads at a given phi must have one feature, got k={self.dimensions.feature_dim}")
        return self


class BoundsAgainstParametersData(eqx.Module):
    """For every parameter of `PARAMETERS`: its values, and arrays (parameter, value, problem); the same for k alone."""

    values: Float[np.ndarray, "5 p"]
    comparison: Comparison
    features: Int[np.ndarray, " k"]
    comparison_by_features: Comparison
    solved_by: str


def simulate(config: BoundsAgainstParameters, watch: Watch = ALONE) -> BoundsAgainstParametersData:
    """One sweep for each parameter."""
    ranges = [np.geomspace(*limits, config.points) for limits in (config.head_errors, config.head_scales)]
    ranges += [np.linspace(*config.angles, config.points)]
    ranges += [np.geomspace(*limits, config.points) for limits in (config.feature_errors, config.truth_norms)]
    centre = {name: getattr(config, name) for name in PARAMETERS[1:]}
    at_centre = {name: np.array([value]) for name, value in centre.items()}
    family = ExactFamily(config.dimensions)
    sweeps = [
        ensemble(family, Point.sweep(**(centre | {name: values})), config.problems, seed=config.seed, watch=watch)
        for name, values in zip(PARAMETERS, ranges, strict=True)
    ]
    by_features = [
        ensemble(_with_features(k), Point.sweep(**at_centre), config.problems, seed=config.seed, watch=watch)
        for k in config.features
    ]
    return BoundsAgainstParametersData(
        values=np.stack(ranges),
        comparison=jax.tree.map(lambda *leaves: np.stack(leaves), *sweeps),
        features=np.array(config.features),
        comparison_by_features=jax.tree.map(lambda *leaves: np.concatenate(leaves), *by_features),
        solved_by="exact: one ID direction",
    )


def _with_features(k: int) -> ExactFamily:
    """One ID direction and so many features, all but one of them outside the ID subspace; room for any truth."""
    return ExactFamily(Dimensions(input_dim=2 * k + 4, feature_dim=k, id_dim=1))


def configuration(scale: Scale) -> BoundsAgainstParameters:
    """How much at which scale."""
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
    family=EXACT_DIRECTION,
    compiled_quickly_up_to="default",
    order=30,
)
