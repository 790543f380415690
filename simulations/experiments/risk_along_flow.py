"""ID and OOD risk along the flow of a generic problem, and what the bounds say about it.

Several ID directions, unequal principal angles, an anisotropic training covariance: no closed form is known for
fine-tuning, so it is integrated. Source: paper, Theorem 3.1 and Propositions 3.1 and 3.2; theory.bounds.
"""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from pydantic import model_validator

from simulations.bounds import Bounds
from simulations.experiment import Configuration, Experiment, Scale
from simulations.methods import fine_tuning, linear_probing, lp_ft
from simulations.sampling import Dimensions, sample_problem, spread_eigenvalues, unoptimised
from simulations.sweeps import ALONE, Watch
from simulations.trajectory import Trajectory
from theory.problem import Problem


class RiskAlongFlow(Configuration):
    """One random problem; angles in radians, times in learning rate x steps."""

    dimensions: Dimensions = Dimensions(input_dim=40, feature_dim=3, id_dim=12)
    angles: tuple[float, ...] = (0.9, 0.8, 0.7)
    condition: float = 10.0
    feature_error: float = 0.001
    truth_norm: float = 1.5
    head_scale: float = 1.0
    first_time: float = 1e-2
    last_time: float = 1e4
    moments: int = 120
    seed: int = 0

    @model_validator(mode="after")
    def _as_many_angles_as_there_are(self) -> "RiskAlongFlow":
        needed = self.dimensions.angle_count
        if len(self.angles) != needed:
            raise ValueError(f"`angles` must be min(k, m) = {needed} numbers, got {len(self.angles)}; set them too")
        return self


class RiskAlongFlowData(eqx.Module):
    """The three methods, and the bounds."""

    linear_probing: Trajectory
    fine_tuning: Trajectory
    lp_ft: Trajectory
    bounds: Bounds


def simulate(config: RiskAlongFlow, watch: Watch = ALONE) -> RiskAlongFlowData:
    """The methods at times 0, evenly spaced in logarithm, and infinity."""
    problem, bounds = _problem_and_bounds(config)
    moments = np.geomspace(config.first_time, config.last_time, config.moments)
    times = np.concatenate([[0.0], moments, [np.inf]])
    return RiskAlongFlowData(
        linear_probing=linear_probing(problem, times),
        fine_tuning=fine_tuning(problem, times),
        lp_ft=lp_ft(problem, times),
        bounds=jax.tree.map(np.asarray, bounds),
    )


@partial(unoptimised, static_argnames="config")
def _problem_and_bounds(config: RiskAlongFlow) -> tuple[Problem, Bounds]:
    dimensions = config.dimensions
    problem = sample_problem(
        dimensions,
        jnp.array(config.angles),
        spread_eigenvalues(dimensions.id_dim, config.condition),
        feature_error=config.feature_error,
        truth_norm=config.truth_norm,
        head_scale=config.head_scale,
        key=jax.random.key(config.seed),
    )
    return problem, Bounds.of(problem)


def configuration(scale: Scale) -> RiskAlongFlow:
    """How much at which scale."""
    return RiskAlongFlow()


EXPERIMENT = Experiment(
    "risk_along_flow",
    "ID and OOD risk along the flow, with the bounds",
    configuration,
    simulate,
    RiskAlongFlowData,
    compiled_quickly_up_to="default",
    order=20,
)
