"""Every experiment, in the order of the report."""

from simulations.experiment import Experiment
from simulations.experiments import (
    along_training,
    any_loss,
    bounds_against_parameters,
    finite_sample,
    finite_steps,
    head_learning_rate,
    head_start,
    id_ood_tradeoff,
    l2_sp,
    last_layers_on_digits,
    lp_ft_with_imperfect_features,
    phase_diagram,
    relu_network,
    risk_along_flow,
    several_outputs,
    toy_example,
    weight_interpolation,
)

EXPERIMENTS: tuple[Experiment, ...] = (
    toy_example.EXPERIMENT,
    risk_along_flow.EXPERIMENT,
    bounds_against_parameters.EXPERIMENT,
    lp_ft_with_imperfect_features.EXPERIMENT,
    id_ood_tradeoff.EXPERIMENT,
    along_training.EXPERIMENT,
    phase_diagram.EXPERIMENT,
    head_start.EXPERIMENT,
    weight_interpolation.EXPERIMENT,
    head_learning_rate.EXPERIMENT,
    l2_sp.EXPERIMENT,
    several_outputs.EXPERIMENT,
    relu_network.EXPERIMENT,
    finite_steps.EXPERIMENT,
    finite_sample.EXPERIMENT,
    any_loss.EXPERIMENT,
    last_layers_on_digits.EXPERIMENT,
)
