"""Which method has the lowest OOD risk, over feature error and angle: every cell an ensemble, in closed form.

One feature and an isotropic training covariance with several ID directions: the simplest family in which the three
methods differ and the paper's premise holds.
"""

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float

from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.families import Point, one_unit
from simulations.measured import Measured
from simulations.sweeps import ALONE, Watch, ensemble


class PhaseDiagram(Configuration):
    """`cells` values of eps (evenly in logarithm) and of the angle (radians) between feature and ID subspace."""

    cells: int
    problems: int
    feature_errors: tuple[float, float] = (1e-3, 1.4)
    angles: tuple[float, float] = (0.02, 1.55)
    truth_norm: float = 1.0
    head_scale: float = 1.0
    seed: int = 0


class Contest(eqx.Module):
    """OOD risks at the limits, the lowest of fine-tuning over all times, and whether the bounds certify LP's win."""

    lp: Float[Array | np.ndarray, "*batch"]
    ft: Float[Array | np.ndarray, "*batch"]
    lp_ft: Float[Array | np.ndarray, "*batch"]
    ft_best: Float[Array | np.ndarray, "*batch"]
    certified: Float[Array | np.ndarray, "*batch"]


class PhaseDiagramData(eqx.Module):
    """Arrays (angle, eps): shares of the problems in a cell, and medians over them of log10 of ratios of OOD risks.

    `*_wins` is the share where a method has the lowest risk of the three at their limits, `lp_beats_best_stop` that
    where linear probing beats fine-tuning stopped at its best moment, `certified` that where the bounds say so before
    any training.
    """

    feature_errors: Float[np.ndarray, " e"]
    angles: Float[np.ndarray, " a"]
    lp_wins: Float[np.ndarray, "a e"]
    ft_wins: Float[np.ndarray, "a e"]
    lp_ft_wins: Float[np.ndarray, "a e"]
    lp_beats_best_stop: Float[np.ndarray, "a e"]
    certified: Float[np.ndarray, "a e"]
    log_lp_over_ft: Float[np.ndarray, "a e"]
    log_lp_ft_over_ft: Float[np.ndarray, "a e"]
    solved_by: str


def simulate(config: PhaseDiagram, watch: Watch = ALONE) -> PhaseDiagramData:
    """Every cell, with the same random problems but for eps and angle."""
    errors, angles = np.geomspace(*config.feature_errors, config.cells), np.linspace(*config.angles, config.cells)
    grid_angles, grid_errors = (axis.ravel() for axis in np.meshgrid(angles, errors, indexing="ij"))
    points = Point.sweep(
        feature_error=grid_errors, angle=grid_angles, truth_norm=config.truth_norm, head_scale=config.head_scale
    )
    contest = ensemble(one_unit, points, config.problems, seed=config.seed, keep=_contest, watch=watch)
    winner = np.argmin(np.stack([contest.lp, contest.ft, contest.lp_ft]), axis=0)

    def share(true: np.ndarray) -> np.ndarray:
        return np.mean(true, axis=1).reshape(config.cells, config.cells)

    def log_ratio(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return np.median(np.log10(one / other), axis=1).reshape(config.cells, config.cells)

    return PhaseDiagramData(
        feature_errors=errors,
        angles=angles,
        lp_wins=share(winner == 0),
        ft_wins=share(winner == 1),
        lp_ft_wins=share(winner == 2),
        lp_beats_best_stop=share(contest.lp < contest.ft_best),
        certified=share(contest.certified),
        log_lp_over_ft=log_ratio(contest.lp, contest.ft),
        log_lp_ft_over_ft=log_ratio(contest.lp_ft, contest.ft),
        solved_by="exact: one active unit",
    )


def _contest(measured: Measured) -> Contest:
    return Contest(
        lp=measured.lp_ood,
        ft=measured.ft_ood,
        lp_ft=measured.lp_ft_ood,
        ft_best=measured.ft_best_ood,
        certified=1.0 * (measured.bounds.linear_probing < measured.bounds.best),
    )


def configuration(scale: Scale) -> PhaseDiagram:
    cells, problems = {"quick": (16, 16), "default": (40, 100), "full": (80, 400)}[scale]
    return PhaseDiagram(cells=cells, problems=problems)


EXPERIMENT = Experiment(
    "phase_diagram",
    "Which method wins out of distribution",
    configuration,
    simulate,
    PhaseDiagramData,
    family=one_unit.__name__,
)
