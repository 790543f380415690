"""Risks and feature movement along training, over an ensemble: how far features move, and whether stopping early helps.

Fine-tuning and LP-FT of random overparameterised problems at several feature errors, integrated from start to limit.
Source: submission, section 4.3 (early stopping; ID-OD features get distorted).
"""

import equinox as eqx
import numpy as np
from jaxtyping import Float

from simulations.comparison import Comparison, Curves, Followed, integrated_times
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


class AlongTraining(Configuration):
    """Random problems at each feature error; the angle in radians."""

    dimensions: Dimensions = OVERPARAMETERISED
    condition: float = CONDITION
    feature_errors: tuple[float, ...] = (0.001, 0.01, 0.1, 1.0)
    problems: int
    angle: float = 0.8
    truth_norm: float = 1.0
    head_scale: float = 1.0
    seed: int = 2


class AlongTrainingData(eqx.Module):
    """Every problem at every eps: arrays (eps, problem), curves (eps, problem, time).

    `ood_share` is the movement seen by OOD inputs, uniform in all directions, over that seen by ID inputs: sqrt(m / d),
    because the movement lies in the ID subspace.
    """

    feature_errors: Float[np.ndarray, " p"]
    times: Float[np.ndarray, " t"]
    curves: Curves
    comparison: Comparison
    ood_share: float
    solved_by: str


def simulate(config: AlongTraining, watch: Watch = ALONE) -> AlongTrainingData:
    """The ensemble at every eps, with the same random problems but for that."""
    points = Point.sweep(
        feature_error=np.array(config.feature_errors),
        angle=config.angle,
        truth_norm=config.truth_norm,
        head_scale=config.head_scale,
    )
    family = IntegratedFamily(config.dimensions, config.condition)
    comparison, curves = integrated_ensemble(family, points, config.problems, seed=config.seed, keep=_kept, watch=watch)
    check_solved(comparison)
    return AlongTrainingData(
        feature_errors=np.array(config.feature_errors),
        times=np.asarray(integrated_times(1 / config.condition)),
        curves=curves,
        comparison=comparison,
        ood_share=float(np.sqrt(config.dimensions.id_dim / config.dimensions.input_dim)),
        solved_by="integrated",
    )


def _kept(followed: Followed) -> tuple[Comparison, Curves]:
    return followed.comparison, followed.curves


def configuration(scale: Scale) -> AlongTraining:
    """How much at which scale."""
    return AlongTraining(problems={"quick": 64, "default": 256, "full": 2000}[scale])


EXPERIMENT = Experiment(
    "along_training",
    "Feature movement and early stopping",
    configuration,
    simulate,
    AlongTrainingData,
    family=INTEGRATED,
    compiled_quickly_up_to=None,
    order=60,
)
