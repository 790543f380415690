"""ID against OOD risk of the three methods over random problems of very different feature error.

Source: paper, section 3.
"""

import equinox as eqx
import numpy as np
from jaxtyping import Float

from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.families import Point, check_solved, kept_measured, overparameterised
from simulations.measured import Measured
from simulations.sweeps import ALONE, Watch, ensemble


class IdOodTradeoff(Configuration):
    """Random problems with eps spread evenly in logarithm and the angle (radians) evenly over their ranges."""

    feature_errors: tuple[float, float] = (1e-3, 1.0)
    angles: tuple[float, float] = (0.2, 1.2)
    problems: int
    truth_norm: float = 1.0
    head_scale: float = 1.0
    seed: int = 1


class IdOodTradeoffData(eqx.Module):
    """Arrays (problem,)."""

    feature_errors: Float[np.ndarray, " p"]
    angles: Float[np.ndarray, " p"]
    measured: Measured
    solved_by: str


def simulate(config: IdOodTradeoff, watch: Watch = ALONE) -> IdOodTradeoffData:
    """Every problem with its own eps and angle, spread evenly over their ranges by a low-discrepancy sequence."""
    golden = (np.arange(config.problems) * (np.sqrt(5) - 1) / 2) % 1
    errors = np.geomspace(*config.feature_errors, config.problems)
    angles = config.angles[0] + golden * (config.angles[1] - config.angles[0])
    points = Point.sweep(feature_error=errors, angle=angles, truth_norm=config.truth_norm, head_scale=config.head_scale)
    measured = ensemble(
        overparameterised, points, 1, seed=config.seed, independent=True, keep=kept_measured, watch=watch
    )
    check_solved(measured)
    return IdOodTradeoffData(feature_errors=errors, angles=angles, measured=measured, solved_by="integrated")


def configuration(scale: Scale) -> IdOodTradeoff:
    return IdOodTradeoff(problems={"quick": 128, "default": 512, "full": 2048}[scale])


EXPERIMENT = Experiment(
    "id_ood_tradeoff",
    "ID against OOD risk over random problems",
    configuration,
    simulate,
    IdOodTradeoffData,
    family=overparameterised.__name__,
)
