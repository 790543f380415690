"""Every experiment, in the order of the report."""

from simulations.experiment import Experiment
from simulations.experiments import (
    bounds_against_parameters,
    head_start,
    id_ood_tradeoff,
    lp_ft_with_imperfect_features,
    phase_diagram,
    risk_along_flow,
    toy_example,
)

EXPERIMENTS: tuple[Experiment, ...] = (
    toy_example.EXPERIMENT,
    risk_along_flow.EXPERIMENT,
    bounds_against_parameters.EXPERIMENT,
    lp_ft_with_imperfect_features.EXPERIMENT,
    id_ood_tradeoff.EXPERIMENT,
    phase_diagram.EXPERIMENT,
    head_start.EXPERIMENT,
)
