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

from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.families import Point, check_solved, kept_measured, overparameterised
from simulations.sweeps import ALONE, Watch, ensemble


class HeadLearningRate(Configuration):
    """`ratios` values of rho, evenly in logarithm, 1 among them where the ends are inverse; the angle in radians.

    Time to the limit grows with rho: of the shorter head, features see a smaller gradient.
    """

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
    """Arrays (rho, problem): OOD risks, the ID feature movement, and the best lower bound on sqrt(OOD risk)."""

    ratios: Float[np.ndarray, " r"]
    lp_ood: Float[np.ndarray, "r p"]
    lp_ft_ood: Float[np.ndarray, "r p"]
    ft_ood: Float[np.ndarray, "r p"]
    ft_best_ood: Float[np.ndarray, "r p"]
    ft_movement: Float[np.ndarray, "r p"]
    lp_ft_movement: Float[np.ndarray, "r p"]
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
    measured = ensemble(overparameterised, points, config.problems, seed=config.seed, keep=kept_measured, watch=watch)
    check_solved(measured)
    scale = ratios[:, None]
    # LP and LP-FT with rho = 1, in every row the same: what the other ratios are to be held against.
    one = int(np.argmin(np.abs(np.log(ratios))))
    plain = jax.tree.map(lambda leaf: np.broadcast_to(leaf[one], leaf.shape), measured)
    return HeadLearningRateData(
        ratios=ratios,
        lp_ood=plain.lp_ood,
        lp_ft_ood=plain.lp_ft_ood,
        ft_ood=scale * measured.ft_ood,
        ft_best_ood=scale * measured.ft_best_ood,
        ft_movement=measured.ft_movement,
        lp_ft_movement=plain.lp_ft_movement,
        lower_bound=np.sqrt(scale) * measured.bounds.best,
        solved_by="integrated",
    )


def configuration(scale: Scale) -> HeadLearningRate:
    ratios, problems = {"quick": (9, 32), "default": (17, 128), "full": (33, 1000)}[scale]
    return HeadLearningRate(ratios=ratios, problems=problems)


EXPERIMENT = Experiment(
    "head_learning_rate",
    "Beyond the paper: a larger learning rate for the head",
    configuration,
    simulate,
    HeadLearningRateData,
    family=overparameterised.__name__,
    beyond_the_paper=True,
)
