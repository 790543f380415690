"""Every experiment there is: those of `simulations`, and those on measured inputs, modules of `bridge/experiments`."""

from importlib import import_module
from pkgutil import iter_modules

from bridge import experiments as measured
from simulations.catalogue import EXPERIMENTS as SIMULATED
from simulations.experiment import Experiment


def _on_measured_inputs() -> list[Experiment]:
    modules = (import_module(f"{measured.__name__}.{module.name}") for module in iter_modules(measured.__path__))
    return [module.EXPERIMENT for module in modules if hasattr(module, "EXPERIMENT")]


#: In the order of the report, which is the experiments' own.
EXPERIMENTS: tuple[Experiment, ...] = tuple(
    sorted((*SIMULATED, *_on_measured_inputs()), key=lambda experiment: (experiment.order, experiment.name))
)
