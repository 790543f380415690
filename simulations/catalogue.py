"""Every experiment, in the order of the report."""

from simulations.experiment import Experiment
from simulations.experiments import risk_along_flow, toy_example

EXPERIMENTS: tuple[Experiment, ...] = (toy_example.EXPERIMENT, risk_along_flow.EXPERIMENT)
