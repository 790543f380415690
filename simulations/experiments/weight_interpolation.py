"""Beyond the paper, simulation only: weights between linear probing and fine-tuning (WiSE-FT).

Head and features are interpolated between the network of linear probing and the limit of fine-tuning, or that of LP-FT,
which starts there. No theorem speaks about the networks in between. Source of the method: Wortsman et al., Robust
fine-tuning of zero-shot models, CVPR 2022.
"""

import equinox as eqx
import numpy as np
from jaxtyping import Float

from simulations.comparison import FRACTIONS, Comparison, Followed, Interpolated
from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.families import (
    CONDITION,
    INTEGRATED,
    OVERPARAMETERISED,
    IntegratedFamily,
    Point,
    check_solved,
    integrated_ensemble,
)
from simulations.sampling import Dimensions
from simulations.sweeps import ALONE, Watch


class WeightInterpolation(Configuration):
    """Random problems at each feature error; the angle in radians."""

    dimensions: Dimensions = OVERPARAMETERISED
    condition: float = CONDITION
    feature_errors: tuple[float, ...] = (0.01, 0.1, 0.5)
    problems: int
    angle: float = 0.8
    truth_norm: float = 1.0
    head_scale: float = 1.0
    seed: int = 3


class WeightInterpolationData(eqx.Module):
    """Arrays (eps, problem, fraction)."""

    feature_errors: Float[np.ndarray, " p"]
    fractions: Float[np.ndarray, " f"]
    interpolated: Interpolated
    solved_by: str


def simulate(config: WeightInterpolation, watch: Watch = ALONE) -> WeightInterpolationData:
    """The ensemble at every eps, with the same random problems but for that."""
    points = Point.sweep(
        feature_error=np.array(config.feature_errors),
        angle=config.angle,
        truth_norm=config.truth_norm,
        head_scale=config.head_scale,
    )
    family = IntegratedFamily(config.dimensions, config.condition)
    comparison, interpolated = integrated_ensemble(
        family, points, config.problems, seed=config.seed, keep=_kept, watch=watch
    )
    check_solved(comparison)
    return WeightInterpolationData(
        feature_errors=np.array(config.feature_errors),
        fractions=FRACTIONS,
        interpolated=interpolated,
        solved_by="integrated",
    )


def _kept(followed: Followed) -> tuple[Comparison, Interpolated]:
    return followed.comparison, followed.interpolated


def configuration(scale: Scale) -> WeightInterpolation:
    """How much at which scale."""
    return WeightInterpolation(problems={"quick": 64, "default": 256, "full": 2000}[scale])


EXPERIMENT = Experiment(
    "weight_interpolation",
    "Beyond the paper: weights between linear probing and fine-tuning",
    configuration,
    simulate,
    WeightInterpolationData,
    family=INTEGRATED,
    beyond_the_paper=True,
    compiled_quickly_up_to=None,
    order=90,
)
