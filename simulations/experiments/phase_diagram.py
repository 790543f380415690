"""Which method has the lower OOD risk, over feature error and angle: every cell an ensemble, in closed form.

One ID direction and one feature: linear probing then reaches zero training loss, so LP-FT coincides with it, and the
question is linear probing against fine-tuning.
"""

import equinox as eqx
import numpy as np
from jaxtyping import Float

from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.families import Point, one_direction
from simulations.sweeps import ensemble


class PhaseDiagram(Configuration):
    """`cells` values of eps (evenly in logarithm) and of the angle (radians) between feature and ID subspace."""

    cells: int
    problems: int
    feature_errors: tuple[float, float] = (1e-3, 1.4)
    angles: tuple[float, float] = (0.02, 1.55)
    truth_norm: float = 1.0
    head_scale: float = 1.0
    seed: int = 0


class PhaseDiagramData(eqx.Module):
    """Arrays (angle, eps).

    The share of problems where linear probing has the lower OOD risk, against fine-tuning's limit and against
    fine-tuning stopped at its best moment; the share that the bounds certify; the median of log10 of the ratio of OOD
    risks at the limits.
    """

    feature_errors: Float[np.ndarray, " e"]
    angles: Float[np.ndarray, " a"]
    lp_wins: Float[np.ndarray, "a e"]
    lp_beats_best_stop: Float[np.ndarray, "a e"]
    certified: Float[np.ndarray, "a e"]
    log_ratio: Float[np.ndarray, "a e"]
    solved_by: str


def simulate(config: PhaseDiagram) -> PhaseDiagramData:
    """Every cell, with the same random problems but for eps and angle."""
    errors, angles = np.geomspace(*config.feature_errors, config.cells), np.linspace(*config.angles, config.cells)
    grid_angles, grid_errors = (axis.ravel() for axis in np.meshgrid(angles, errors, indexing="ij"))
    points = Point.sweep(
        feature_error=grid_errors, angle=grid_angles, truth_norm=config.truth_norm, head_scale=config.head_scale
    )
    measured = ensemble(one_direction, points, config.problems, seed=config.seed)

    def by_cell(values: np.ndarray) -> np.ndarray:
        return values.reshape(config.cells, config.cells)

    return PhaseDiagramData(
        feature_errors=errors,
        angles=angles,
        lp_wins=by_cell(np.mean(measured.lp_ood < measured.ft_ood, axis=1)),
        lp_beats_best_stop=by_cell(np.mean(measured.lp_ood < measured.ft_best_ood, axis=1)),
        certified=by_cell(np.mean(measured.bounds.linear_probing < measured.bounds.implicit, axis=1)),
        log_ratio=by_cell(np.median(np.log10(measured.lp_ood / measured.ft_ood), axis=1)),
        solved_by="exact: one ID direction",
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
    family=one_direction.__name__,
)
