"""ID against OOD risk of the three methods over random problems of very different feature error.

Source: paper, section 3.
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


class IdOodTradeoff(Configuration):
    """Random problems with eps spread evenly in logarithm and the angle (radians) evenly over their ranges."""

    dimensions: Dimensions = OVERPARAMETERISED
    condition: float = CONDITION
    feature_errors: tuple[float, float] = (1e-3, 1.0)
    angles: tuple[float, float] = (0.2, 1.2)
    problems: int
    truth_norm: float = 1.0
    head_scale: float = 1.0
    seed: int = 1


class IdOodTradeoffData(eqx.Module):
    """Arrays (problem,); `ood_share` is the movement seen by OOD inputs over that seen by ID inputs."""

    feature_errors: Float[np.ndarray, " p"]
    angles: Float[np.ndarray, " p"]
    comparison: Comparison
    ood_share: float
    solved_by: str


def simulate(config: IdOodTradeoff, watch: Watch = ALONE) -> IdOodTradeoffData:
    """Every problem with its own eps and angle, spread evenly over their ranges by a low-discrepancy sequence."""
    golden = (np.arange(config.problems) * (np.sqrt(5) - 1) / 2) % 1
    errors = np.geomspace(*config.feature_errors, config.problems)
    angles = config.angles[0] + golden * (config.angles[1] - config.angles[0])
    points = Point.sweep(feature_error=errors, angle=angles, truth_norm=config.truth_norm, head_scale=config.head_scale)
    family = IntegratedFamily(config.dimensions, config.condition)
    comparison = integrated_ensemble(
        family, points, 1, seed=config.seed, independent=True, keep=kept_comparison, watch=watch
    )
    check_solved(comparison)
    return IdOodTradeoffData(
        feature_errors=errors,
        angles=angles,
        comparison=comparison,
        ood_share=float(np.sqrt(config.dimensions.id_dim / config.dimensions.input_dim)),
        solved_by="integrated",
    )


def configuration(scale: Scale) -> IdOodTradeoff:
    """How much at which scale."""
    return IdOodTradeoff(problems={"quick": 128, "default": 512, "full": 2048}[scale])


EXPERIMENT = Experiment(
    "id_ood_tradeoff",
    "ID against OOD risk over random problems",
    configuration,
    simulate,
    IdOodTradeoffData,
    family=INTEGRATED,
    compiled_quickly_up_to=None,
    order=50,
)
