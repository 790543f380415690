"""All three methods while the pretrained features improve: risks, feature movement, early stopping, and the bounds.

An overparameterised ensemble along eps. The paper treats LP-FT for perfect features (Proposition 3.2) and compares LP
and FT in the limit (Theorem 3.2); the bounds of `theory.bounds` say what holds at every eps.
"""

import equinox as eqx
import numpy as np
from jaxtyping import Float

from simulations.comparison import Comparison
from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.families import (
    CONDITION,
    INTEGRATED,
    OVERPARAMETERISED,
    IntegratedFamily,
    Point,
    check_solved,
    integrated_ensemble,
    kept_comparison,
)
from simulations.sampling import Dimensions
from simulations.sweeps import ALONE, Watch


class ImperfectFeatures(Configuration):
    """eps from `smallest` to `largest`, evenly spaced in logarithm; angles in radians."""

    dimensions: Dimensions = OVERPARAMETERISED
    condition: float = CONDITION
    smallest: float = 1e-5
    largest: float = 1.0
    errors: int
    problems: int
    angle: float = 0.8
    truth_norm: float = 1.0
    head_scale: float = 1.0
    seed: int = 0


class ImperfectFeaturesData(eqx.Module):
    """Every problem at every eps: arrays (eps, problem)."""

    feature_errors: Float[np.ndarray, " p"]
    comparison: Comparison
    solved_by: str


def simulate(config: ImperfectFeatures, watch: Watch = ALONE) -> ImperfectFeaturesData:
    """The ensemble along eps."""
    errors = np.geomspace(config.smallest, config.largest, config.errors)
    points = Point.sweep(
        feature_error=errors,
        angle=config.angle,
        truth_norm=config.truth_norm,
        head_scale=config.head_scale,
    )
    family = IntegratedFamily(config.dimensions, config.condition)
    comparison = integrated_ensemble(
        family, points, config.problems, seed=config.seed, keep=kept_comparison, watch=watch
    )
    check_solved(comparison)
    return ImperfectFeaturesData(feature_errors=errors, comparison=comparison, solved_by="integrated")


def configuration(scale: Scale) -> ImperfectFeatures:
    """How much at which scale."""
    errors, problems = {"quick": (8, 32), "default": (16, 64), "full": (31, 500)}[scale]
    return ImperfectFeatures(errors=errors, problems=problems)


EXPERIMENT = Experiment(
    "lp_ft_with_imperfect_features",
    "The three methods while the features improve",
    configuration,
    simulate,
    ImperfectFeaturesData,
    family=INTEGRATED,
    compiled_quickly_up_to=None,
    order=40,
)
