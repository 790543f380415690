"""Which method has the lowest OOD risk, over feature error and angle: every cell an ensemble, in closed form.

One feature and an isotropic training covariance with several ID directions: the simplest family in which the three
methods differ and the paper's premise holds.
"""

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float

from simulations.by_method import ByMethod
from simulations.comparison import Comparison
from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.families import EXACT_UNIT, ONE_UNIT, ExactFamily, Point
from simulations.method_names import METHODS
from simulations.sampling import Dimensions
from simulations.sweeps import ALONE, Watch, ensemble


class PhaseDiagram(Configuration):
    """`cells` values of eps (evenly in logarithm) and of the angle (radians) between feature and ID subspace."""

    dimensions: Dimensions = ONE_UNIT
    cells: int
    problems: int
    feature_errors: tuple[float, float] = (1e-3, 1.4)
    angles: tuple[float, float] = (0.02, 1.55)
    truth_norm: float = 1.0
    head_scale: float = 1.0
    seed: int = 0


class Contest(eqx.Module):
    """OOD risks at the limits, the lowest of fine-tuning over all times, and whether the bounds certify LP's win."""

    ood: ByMethod[Float[Array | np.ndarray, "*batch"]]
    fine_tuning_at_best: Float[Array | np.ndarray, "*batch"]
    certified: Float[Array | np.ndarray, "*batch"]


class PhaseDiagramData(eqx.Module):
    """Arrays (angle, eps): shares of the problems in a cell, and medians over them of log10 of ratios of OOD risks.

    `wins` is the share where a method has the lowest risk of the three at their limits, `lp_beats_best_stop` that
    where linear probing beats fine-tuning stopped at its best moment, `certified` that where the bounds say so before
    any training.
    """

    feature_errors: Float[np.ndarray, " e"]
    angles: Float[np.ndarray, " a"]
    wins: ByMethod[Float[np.ndarray, "a e"]]
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
    contest = ensemble(
        ExactFamily(config.dimensions), points, config.problems, seed=config.seed, keep=_contest, watch=watch
    )
    winner = np.argmin(np.stack([risk for _, risk in contest.ood.items()]), axis=0)

    def share(true: np.ndarray) -> np.ndarray:
        return np.mean(true, axis=1).reshape(config.cells, config.cells)

    def log_ratio_to_fine_tuning(risk: np.ndarray) -> np.ndarray:
        return np.median(np.log10(risk / contest.ood.fine_tuning), axis=1).reshape(config.cells, config.cells)

    return PhaseDiagramData(
        feature_errors=errors,
        angles=angles,
        wins=ByMethod(**{method: share(winner == index) for index, method in enumerate(METHODS)}),
        lp_beats_best_stop=share(contest.ood.linear_probing < contest.fine_tuning_at_best),
        certified=share(contest.certified),
        log_lp_over_ft=log_ratio_to_fine_tuning(contest.ood.linear_probing),
        log_lp_ft_over_ft=log_ratio_to_fine_tuning(contest.ood.lp_ft),
        solved_by="exact: one active unit",
    )


def _contest(comparison: Comparison) -> Contest:
    return Contest(
        ood=ByMethod(**{method: risks.ood for method, risks in comparison.methods.items()}),
        fine_tuning_at_best=comparison.methods.fine_tuning.lowest_ood,
        certified=1.0 * (comparison.bounds.linear_probing < comparison.bounds.best),
    )


def configuration(scale: Scale) -> PhaseDiagram:
    """How much at which scale."""
    cells, problems = {"quick": (16, 16), "default": (40, 100), "full": (80, 400)}[scale]
    return PhaseDiagram(cells=cells, problems=problems)


EXPERIMENT = Experiment(
    "phase_diagram",
    "Which method wins out of distribution",
    configuration,
    simulate,
    PhaseDiagramData,
    family=EXACT_UNIT,
    order=70,
)
