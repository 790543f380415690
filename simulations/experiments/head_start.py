"""Fine-tuning from heads between a random one and the linear probe: what the head at the start decides.

The head is `(1 - share) v0 + share v_lp`, v0 random. One ID direction, in closed form, where linear probing reaches
zero training loss: share 1 is LP-FT, and equal to linear probing. Source: paper, Theorem 3.1 (phi in the lower
bound) and Proposition 3.2.
"""

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.families import Point, sample_one_direction
from simulations.measured import Measured, measured_exactly
from simulations.sweeps import ensemble
from theory import linear_probing
from theory.alignment import head_alignment_error
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
    """A point of the one-direction family, and the share of the probed head."""

    point: Point
    share: Float[Array | np.ndarray, "*sweep"]


class FromHead(eqx.Module):
    """One problem from one head: phi at the start, and everything measured."""

    phi: Float[Array | np.ndarray, "*batch"]
    measured: Measured


class HeadStartData(eqx.Module):
    """Every problem from every head: arrays (share, problem)."""

    shares: Float[np.ndarray, " s"]
    found: FromHead
    solved_by: str


def simulate(config: HeadStart) -> HeadStartData:
    """The same problems from every head."""
    shares = np.linspace(0.0, 1.0, config.shares)
    point = Point.sweep(
        feature_error=np.full(config.shares, config.feature_error),
        angle=config.angle,
        truth_norm=config.truth_norm,
        head_scale=config.head_scale,
    )
    found = ensemble(from_mixed_head, Mixed(point, shares), config.problems, seed=config.seed)
    return HeadStartData(shares=shares, found=found, solved_by="exact: one ID direction")


def from_mixed_head(mixed: Mixed, key: PRNGKeyArray) -> FromHead:
    """A random problem, with its head moved towards the linear probe."""
    problem = sample_one_direction(mixed.point, key)
    probed = linear_probing.limit(reduce(problem, compress=False)).head
    started = problem.with_head((1 - mixed.share) * problem.pretrained.head + mixed.share * probed)
    return FromHead(phi=head_alignment_error(started), measured=measured_exactly(started))


def configuration(scale: Scale) -> HeadStart:
    shares, problems = {"quick": (9, 64), "default": (17, 400), "full": (33, 2000)}[scale]
    return HeadStart(shares=shares, problems=problems)


EXPERIMENT = Experiment(
    "head_start", "Fine-tuning from better and better heads", configuration, simulate, HeadStartData
)
