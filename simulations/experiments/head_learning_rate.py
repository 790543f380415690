"""Beyond the paper: a larger learning rate for the head than for the features.

With `dv/dt = -2 rho B X^T r, dB/dt = -2 v r^T X` put v = sqrt(rho) v'. Then (v', B) fine-tunes, at rho times the speed,
on the problem whose truth and starting head are divided by sqrt(rho): risks are rho times those of that problem, and so
the bounds on it carry over, sqrt(rho) times as large. The paper's methods are the ends: rho = 1 is fine-tuning, and as
rho grows the head is probed before the features move. `tests/simulations/test_beyond_the_paper.py` holds this against
descent with two learning rates.
"""

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Float

from simulations.by_method import ByMethod, FlowRisks
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


class HeadLearningRate(Configuration):
    """`ratios` values of rho, evenly in logarithm, 1 among them where the ends are inverse; the angle in radians.

    Time to the limit grows with rho: of the shorter head, features see a smaller gradient.
    """

    dimensions: Dimensions = OVERPARAMETERISED
    condition: float = CONDITION
    ratios: int
    smallest: float = 1e-2
    largest: float = 1e2
    problems: int
    feature_error: float = 0.01
    angle: float = 0.8
    truth_norm: float = 1.0
    head_scale: float = 1.0
    seed: int = 4


class HeadLearningRateData(eqx.Module):
    """Arrays (rho, problem), with the best lower bound on sqrt(OOD risk) of fine-tuning.

    Linear probing and LP-FT have one learning rate: in every row the same, for comparison.
    """

    ratios: Float[np.ndarray, " r"]
    methods: ByMethod[FlowRisks]
    lower_bound: Float[np.ndarray, "r p"]
    solved_by: str


def simulate(config: HeadLearningRate, watch: Watch = ALONE) -> HeadLearningRateData:
    """The same random problems at every rho."""
    ratios = np.geomspace(config.smallest, config.largest, config.ratios)
    points = Point.sweep(
        feature_error=config.feature_error,
        angle=config.angle,
        truth_norm=config.truth_norm / np.sqrt(ratios),
        head_scale=config.head_scale / np.sqrt(ratios),
    )
    family = IntegratedFamily(config.dimensions, config.condition)
    comparison = integrated_ensemble(
        family, points, config.problems, seed=config.seed, keep=kept_comparison, watch=watch
    )
    check_solved(comparison)
    scale, tuned = ratios[:, None], comparison.methods.fine_tuning
    single_rate = int(np.argmin(np.abs(np.log(ratios))))
    plain = jax.tree.map(lambda leaf: np.broadcast_to(leaf[single_rate], leaf.shape), comparison.methods)
    scaled = FlowRisks(
        id=scale * tuned.id,
        ood=scale * tuned.ood,
        lowest_ood=scale * tuned.lowest_ood,
        highest_ood=scale * tuned.highest_ood,
        movement=tuned.movement,
    )
    return HeadLearningRateData(
        ratios=ratios,
        methods=ByMethod(linear_probing=plain.linear_probing, fine_tuning=scaled, lp_ft=plain.lp_ft),
        lower_bound=np.sqrt(scale) * comparison.bounds.best,
        solved_by="integrated",
    )


def configuration(scale: Scale) -> HeadLearningRate:
    """How much at which scale."""
    ratios, problems = {"quick": (9, 28), "default": (17, 128), "full": (33, 1000)}[scale]
    return HeadLearningRate(ratios=ratios, problems=problems)


EXPERIMENT = Experiment(
    "head_learning_rate",
    "Beyond the paper: a larger learning rate for the head",
    configuration,
    simulate,
    HeadLearningRateData,
    family=INTEGRATED,
    beyond_the_paper=True,
    compiled_quickly_up_to=None,
    order=100,
)
