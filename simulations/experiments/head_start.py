"""Fine-tuning from heads between a random one and the linear probe: what the head at the start decides.

The head is `(1 - share) v0 + share v_lp`, v0 random; share 1 is LP-FT. One feature and an isotropic covariance, in
closed form. Source: paper, Theorem 3.1 (phi in the lower bound) and Proposition 3.2.
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.families import ONE_UNIT
from simulations.measured import Measured, measured_exactly
from simulations.sampling import equal_angles, sample_problem
from simulations.sweeps import ALONE, Watch, ensemble
from theory import linear_probing
from theory.reduction import reduce


class HeadStart(Configuration):
    """`shares` values from 0 (random head) to 1 (probed head); angle in radians."""

    shares: int
    problems: int
    angle: float = 0.8
    feature_error: float = 0.02
    truth_norm: float = 1.0
    head_scale: float = 1.0
    seed: int = 0


class Mixed(eqx.Module):
    """How good the features are and how they lie, how large truth and random head are, and the probed share."""

    feature_error: Float[Array | np.ndarray, "*sweep"]
    angle: Float[Array | np.ndarray, "*sweep"]
    truth_norm: Float[Array | np.ndarray, "*sweep"]
    head_scale: Float[Array | np.ndarray, "*sweep"]
    share: Float[Array | np.ndarray, "*sweep"]


class HeadStartData(eqx.Module):
    """Every problem from every head: arrays (share, problem); `measured.head_error` is phi at the start."""

    shares: Float[np.ndarray, " s"]
    measured: Measured
    solved_by: str


def simulate(config: HeadStart, watch: Watch = ALONE) -> HeadStartData:
    """The same problems from every head."""
    shares = np.linspace(0.0, 1.0, config.shares)
    same = (config.feature_error, config.angle, config.truth_norm, config.head_scale)
    points = Mixed(*(np.full(config.shares, value) for value in same), share=shares)
    measured = ensemble(from_mixed_head, points, config.problems, seed=config.seed, watch=watch)
    return HeadStartData(shares=shares, measured=measured, solved_by="exact: one active unit")


def from_mixed_head(point: Mixed, key: PRNGKeyArray) -> Measured:
    """A random problem, with its head moved towards the linear probe."""
    problem = sample_problem(
        ONE_UNIT,
        equal_angles(ONE_UNIT, point.angle),
        jnp.ones(ONE_UNIT.id_dim),
        feature_error=point.feature_error,
        truth_norm=point.truth_norm,
        head_scale=point.head_scale,
        key=key,
    )
    probed = linear_probing.limit(reduce(problem, compress=False)).head
    head = (1 - point.share) * problem.pretrained.head + point.share * probed
    return measured_exactly(problem.with_head(head))


def configuration(scale: Scale) -> HeadStart:
    shares, problems = {"quick": (9, 64), "default": (17, 400), "full": (33, 2000)}[scale]
    return HeadStart(shares=shares, problems=problems)


EXPERIMENT = Experiment(
    "head_start", "Fine-tuning from better and better heads", configuration, simulate, HeadStartData
)
