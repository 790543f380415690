"""Fine-tuning from heads between a random one and the linear probe: what the head at the start decides.

The head is `(1 - share) v0 + share v_lp`, v0 random; share 1 is LP-FT. One feature and an isotropic covariance, in
closed form. Source: paper, Theorem 3.1 (phi in the lower bound) and Proposition 3.2.
"""

from dataclasses import dataclass

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from simulations.comparison import Comparison, compared_exactly
from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.families import ONE_UNIT, ExactFamily, Point, sampled
from simulations.sampling import Dimensions
from simulations.sweeps import ALONE, Watch, ensemble
from theory import linear_probing
from theory.reduction import reduce

#: Parameters that are the same at every point.
SAME = ("feature_error", "angle", "truth_norm", "head_scale")


class HeadStart(Configuration):
    """`shares` values from 0 (random head) to 1 (probed head); angle in radians."""

    dimensions: Dimensions = ONE_UNIT
    shares: int
    problems: int
    angle: float = 0.8
    feature_error: float = 0.02
    truth_norm: float = 1.0
    head_scale: float = 1.0
    seed: int = 0


class Mixed(eqx.Module):
    """A point of the exact families, and the share of the probed head in the head at the start."""

    point: Point
    share: Float[Array | np.ndarray, "*sweep"]


class HeadStartData(eqx.Module):
    """Every problem from every head: arrays (share, problem); `comparison.head_error` is phi at the start."""

    shares: Float[np.ndarray, " s"]
    comparison: Comparison
    solved_by: str


def simulate(config: HeadStart, watch: Watch = ALONE) -> HeadStartData:
    """The same problems from every head."""
    shares = np.linspace(0.0, 1.0, config.shares)
    same = {name: np.full(config.shares, getattr(config, name)) for name in SAME}
    points = Mixed(Point.sweep(**same), share=shares)
    family = FromMixedHeads(ExactFamily(config.dimensions))
    comparison = ensemble(family, points, config.problems, seed=config.seed, watch=watch)
    return HeadStartData(shares=shares, comparison=comparison, solved_by="exact: one active unit")


@dataclass(frozen=True)
class FromMixedHeads:
    """Problems of an exact family, with their heads moved towards the linear probe."""

    family: ExactFamily

    def __call__(self, mixed: Mixed, key: PRNGKeyArray) -> Comparison:
        """A random problem, compared."""
        problem = sampled(self.family.dimensions, 1.0, mixed.point, key)
        probed = linear_probing.limit(reduce(problem, compress=False)).head
        share = jnp.asarray(mixed.share)
        head = (1 - share) * problem.pretrained.head + share * probed
        return compared_exactly(problem.with_head(head))


def configuration(scale: Scale) -> HeadStart:
    """How much at which scale."""
    shares, problems = {"quick": (9, 64), "default": (17, 400), "full": (33, 2000)}[scale]
    return HeadStart(shares=shares, problems=problems)


EXPERIMENT = Experiment(
    "head_start",
    "Fine-tuning from better and better heads",
    configuration,
    simulate,
    HeadStartData,
    compiled_quickly_up_to="default",
    order=80,
)
